/** What a container may do and see: users, privileges, resources, namespaces, names. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { containerStatus, idle, shell, type ContainerSpec, type PodBench } from '../../framework/pod-bench.ts';
import { importTools } from '../../framework/tool-images.ts';
import { podRow, startPodCluster, stopPodCluster, type PodCluster } from './pod-cluster.ts';

const userImage = 'bramble-test/user-tools:1';
const namedUserImage = 'bramble-test/named-user-tools:1';
let world: PodCluster;
let pods: PodBench;

beforeAll(async () => {
  world = await startPodCluster();
  ({ pods } = world);
  await importTools(world.cluster.dockerHost, userImage, { changes: ['USER 1000:1000'] });
  await importTools(world.cluster.dockerHost, namedUserImage, { changes: ['USER user'] });
});

afterAll(() => stopPodCluster(world));

type PodSpec = Parameters<PodBench['create']>[1];

/** Runs a script to its end. @returns its log. */
async function logOf(name: string, script: string, extra: ContainerSpec = {}, spec: Partial<PodSpec> = {}): Promise<string> {
  await pods.create(name, { restartPolicy: 'Never', containers: [shell(script, extra)], ...spec });
  return pods.output(name);
}

describe.concurrent('users', () => {
  it('are root, the image\'s, the pod\'s or the container\'s', async () => {
    expect(await logOf('user-root', 'id -u; id -g')).toBe('0\n0\n');
    expect(await logOf('user-image', 'id -u; id -g', { image: userImage })).toBe('1000\n1000\n');
    expect(await logOf('user-pod', 'id -u; id -g', {}, { securityContext: { runAsUser: 65534, runAsGroup: 3000 } })).toBe('65534\n3000\n');
    expect(await logOf('user-container', 'id -u; id -g', { securityContext: { runAsUser: 1001 } }, { securityContext: { runAsUser: 65534, runAsGroup: 3000 } })).toBe('1001\n3000\n');
  });

  it('have the groups of the pod', async () => {
    const groups = (await logOf('user-groups', 'id -G', {}, { securityContext: { runAsUser: 1000, supplementalGroups: [1234, 5678], fsGroup: 4321 } })).trim().split(' ');
    for (const group of ['1234', '5678', '4321']) expect(groups).toContain(group);
  });

  it('that are root are refused where the pod says so', async () => {
    const refused = async (name: string, container: ContainerSpec, message: RegExp) => {
      await pods.create(name, { securityContext: { runAsNonRoot: true }, containers: [shell(idle, container)] });
      const pod = await pods.until(name, (one) => containerStatus(one)?.state?.waiting?.reason === 'CreateContainerConfigError');
      expect(containerStatus(pod)?.state?.waiting?.message).toMatch(message);
      expect(await podRow(world.cluster, name)).toMatchObject({ STATUS: 'CreateContainerConfigError' });
    };
    await refused('non-root-image', {}, /^container has runAsNonRoot and image will run as root \(pod: "non-root-image_default\(.*\)", container: main\)$/);
    await refused('non-root-spec', { securityContext: { runAsUser: 0 } }, /^container's runAsUser breaks non-root policy \(pod: /);
    await refused('non-root-name', { image: namedUserImage }, /^container has runAsNonRoot and image has non-numeric user \(user\), cannot verify user is non-root \(pod: /);
    expect(await logOf('non-root-ok', 'id -u', { image: userImage }, { securityContext: { runAsNonRoot: true } })).toBe('1000\n');
  });
});

describe.concurrent('privileges', () => {
  const status = (field: string) => `grep ${field} /proc/self/status | awk '{print $2}'`;

  it('a read-only root file system cannot be written, volumes can', async () => {
    const log = await logOf('read-only', 'touch /file 2>&1; touch /scratch/file && echo wrote', { securityContext: { readOnlyRootFilesystem: true }, volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }] }, { volumes: [{ name: 'scratch', emptyDir: {} }] });
    expect(log).toBe('touch: /file: Read-only file system\nwrote\n');
    expect(await logOf('writable', 'touch /file && echo wrote', { securityContext: { readOnlyRootFilesystem: false } })).toBe('wrote\n');
  });

  it('capabilities are added and dropped', async () => {
    const bits = async (name: string, capabilities: object) => BigInt(`0x${(await logOf(name, status('CapEff'), { securityContext: { capabilities } })).trim()}`);
    const netAdmin = 1n << 12n;
    const chown = 1n;
    const usual = await bits('caps-usual', {});
    expect([usual & netAdmin, usual & chown]).toEqual([0n, chown]);
    expect(await bits('caps-add', { add: ['NET_ADMIN'] })).toBe(usual | netAdmin);
    expect(await bits('caps-drop', { drop: ['CHOWN'] })).toBe(usual & ~chown);
    expect(await bits('caps-none', { drop: ['ALL'] })).toBe(0n);
    expect(await bits('caps-one', { drop: ['ALL'], add: ['CHOWN'] })).toBe(chown);
  });

  it('escalation is only for those that may', async () => {
    expect(await logOf('no-escalation', `id -u; ${status('NoNewPrivs')}`, { securityContext: { allowPrivilegeEscalation: false, runAsUser: 1000 } })).toBe('1000\n1\n');
    expect(await logOf('escalation', status('NoNewPrivs'))).toBe('0\n');
  });

  it('privileged containers may do what the board may, others not', async () => {
    const log = await logOf('privileged', 'mount -t tmpfs none /tmp && echo mounted', { securityContext: { privileged: true } });
    if (boardHasAllCapabilities()) {
      expect(log).toBe('mounted\n');
    } else {
      // A machine that holds capabilities back from root cannot give them to containers.
      expect(containerStatus(await pods.get('privileged'))?.state?.terminated?.message).toContain('unable to apply caps');
    }
    expect(await logOf('unprivileged', 'mount -t tmpfs none /tmp 2>/dev/null || echo refused', { securityContext: { privileged: false } })).toBe('refused\n');
  });
});

/** Those that the kernel has, up to the last one. */
function boardHasAllCapabilities(): boolean {
  const last = BigInt(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8').trim());
  const bounding = /^CapBnd:\s+([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]!;
  return BigInt(`0x${bounding}`) === (1n << (last + 1n)) - 1n;
}

describe.concurrent('resources', () => {
  it('become limits of the control group', async () => {
    const read = (files: string[]) => files.map((file) => `cat /sys/fs/cgroup/${file} 2>/dev/null`).join('; ');
    const log = await logOf('limits', `${read(['memory/memory.limit_in_bytes', 'memory.max'])}; ${read(['cpu/cpu.cfs_quota_us', 'cpu.max'])}; ${read(['cpu/cpu.shares', 'cpu.weight'])}`, {
      resources: { requests: { cpu: '250m', memory: '16Mi' }, limits: { cpu: '500m', memory: '32Mi' } },
    });
    const [memory, quota, shares] = log.trim().split('\n');
    expect(memory).toBe(String(32 * 1024 * 1024));
    expect(quota).toMatch(/^50000\b/);
    expect(['256', '10']).toContain(shares);
  });

  it('a container that takes more memory than its limit is OOMKilled', async () => {
    await pods.create('hungry', { restartPolicy: 'Never', containers: [shell('exec awk \'BEGIN { x = "0123456789abcdef"; while (1) x = x x }\'', { resources: { limits: { memory: '16Mi' } } })] });
    const pod = await pods.phase('hungry', 'Failed');
    expect(containerStatus(pod)?.state?.terminated).toMatchObject({ reason: 'OOMKilled', exitCode: 137 });
    expect(await podRow(world.cluster, 'hungry')).toMatchObject({ STATUS: 'OOMKilled' });
  });
});

describe.concurrent('namespaces', () => {
  const links = 'for n in net ipc pid uts; do readlink /proc/self/ns/$n; done';
  const board = (name: string): string => readlinkSync(`/proc/self/ns/${name}`);

  it('containers of a pod share network and IPC, and nothing with the board', async () => {
    await pods.create('shared', { restartPolicy: 'Never', containers: [shell(`${links}; sleep 2; wget -qO- http://127.0.0.1:8080/`), shell(`${links}; mkdir /www; echo local > /www/index.html; httpd -p 127.0.0.1:8080 -h /www; sleep 6`, { name: 'other' })] });
    const pod = await pods.phase('shared', 'Succeeded');
    expect(pod.status?.phase).toBe('Succeeded');
    const [one, other] = await Promise.all(['main', 'other'].map(async (name) => (await pods.logs('shared', `container=${name}`)).trim().split('\n')));
    expect(one!.slice(0, 2)).toEqual(other!.slice(0, 2));
    expect(one![2]).not.toBe(other![2]);
    expect(one![4]).toBe('local');
    expect(one!.slice(0, 3)).not.toContain(board('net'));
    expect(one!.slice(0, 3)).not.toContain(board('ipc'));
  });

  it('the pod\'s processes are seen by all where it says so', async () => {
    await pods.create('share-pid', { shareProcessNamespace: true, containers: [shell('sleep 1000'), shell('sleep 2000', { name: 'other' })] });
    await pods.ready('share-pid');
    const { stdout } = await pods.exec('share-pid', ['ps', '-o', 'args']);
    expect(stdout).toContain('sleep 1000');
    expect(stdout).toContain('sleep 2000');
    const result = await pods.exec('share-pid', ['sh', '-c', 'kill -9 $(ps -o pid,args | awk \'$2 == "sleep" && $3 == "2000" { print $1 }\')']);
    expect(result.code).toBe(0);
    await pods.until('share-pid', (pod) => (containerStatus(pod, 'other')?.restartCount ?? 0) === 1);
  });

  it('are the board\'s where the pod asks for them', async () => {
    const log = await logOf('board-namespaces', `${links}; hostname`, {}, { hostNetwork: true, hostPID: true, hostIPC: true });
    const lines = log.trim().split('\n');
    expect(lines.slice(0, 3)).toEqual([board('net'), board('ipc'), board('pid')]);
    expect([hostname(), 'board-1']).toContain(lines[4]);
    const pod = await pods.get('board-namespaces');
    expect(pod.status?.podIP).toBe(pod.status?.hostIP);
    expect(pod.spec?.containers[0]?.image).toBeDefined();
  });
});

describe.concurrent('names', () => {
  it('the host name is the pod\'s, or what it asks for', async () => {
    expect(await logOf('plain-name', 'hostname; cat /etc/hostname; hostname -i')).toMatch(/^plain-name\nplain-name\n198\.18\./);
    expect(await logOf('host-name', 'hostname; hostname -f; tail -n 1 /etc/hosts', {}, { hostname: 'busy', subdomain: 'bees' })).toMatch(/^busy\nbusy\.bees\.default\.svc\.cluster\.local\n198\.18\.\S+\tbusy\.bees\.default\.svc\.cluster\.local\tbusy\n$/);
    expect(await logOf('full-name', 'hostname', {}, { hostname: 'busy', subdomain: 'bees', setHostnameAsFQDN: true })).toBe('busy.bees.default.svc.cluster.local\n');
    expect(await logOf(`long-${'x'.repeat(70)}`, 'hostname | tr -d "\\n" | wc -c')).toBe('63\n');
  });

  it('aliases are in /etc/hosts', async () => {
    const aliases = { hostAliases: [{ ip: '203.0.113.7', hostnames: ['foo.local', 'bar.local'] }] };
    const log = await logOf('aliases', 'cat /etc/hosts', {}, aliases);
    expect(log).toMatch(/^# Kubernetes-managed hosts file\.\n127\.0\.0\.1\tlocalhost\n/);
    expect(log).toContain('# Entries added by HostAliases.\n203.0.113.7\tfoo.local\tbar.local\n');
    const ofBoard = await logOf('aliases-board', 'cat /etc/hosts', {}, { hostNetwork: true, ...aliases });
    expect(ofBoard).toMatch(/^# Kubernetes-managed hosts file \(host network\)\.\n/);
    expect(ofBoard).toContain('203.0.113.7\tfoo.local\tbar.local\n');
  });

  it('are resolved as the DNS policy says', async () => {
    const cluster = await logOf('dns-cluster', 'cat /etc/resolv.conf');
    expect(cluster).toMatch(/^search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local/);
    expect(cluster).toContain('nameserver 198.19.16.10\n');
    expect(cluster).toContain('options ndots:5\n');
    const own = { nameservers: ['203.0.113.53'], searches: ['resolv.conf.local'], options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }] };
    expect(await logOf('dns-none', 'cat /etc/resolv.conf', {}, { dnsPolicy: 'None', dnsConfig: own })).toBe('search resolv.conf.local\nnameserver 203.0.113.53\noptions ndots:2 edns0\n');
    const merged = await logOf('dns-merged', 'cat /etc/resolv.conf', {}, { dnsConfig: own });
    expect(merged).toMatch(/cluster\.local.* resolv\.conf\.local\n/);
    expect(merged).toContain('options ndots:2 edns0\n');
    expect(await logOf('dns-default', 'cat /etc/resolv.conf', {}, { dnsPolicy: 'Default' })).not.toContain('cluster.local');
    expect(await logOf('dns-board', 'cat /etc/resolv.conf', {}, { dnsPolicy: 'ClusterFirstWithHostNet', hostNetwork: true })).toContain('nameserver 198.19.16.10\n');
    expect(await logOf('dns-resolves', 'nslookup kubernetes.default | grep Address | tail -n 1')).toContain('198.19.16.1');
  });

  it('safe sysctls are set for the pod', async () => {
    const name = 'net.ipv4.ip_local_port_range';
    expect(await logOf('sysctl', 'cat /proc/sys/net/ipv4/ip_local_port_range', {}, { securityContext: { sysctls: [{ name, value: '32000 33000' }] } })).toMatch(/^32000\s+33000\n$/);
  });
});
