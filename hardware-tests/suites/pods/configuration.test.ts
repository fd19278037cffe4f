/** What a container is given: command, environment, volumes. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { condition, containerStatus, idle, shell, type ContainerSpec, type PodBench } from '../../framework/pod-bench.ts';
import { importTools } from '../../framework/tool-images.ts';
import { podRow, startPodCluster, stopPodCluster, type PodCluster } from './pod-cluster.ts';

const echoImage = 'bramble-test/echo:1';
let world: PodCluster;
let pods: PodBench;
let boardDirectory: string;

beforeAll(async () => {
  world = await startPodCluster();
  ({ pods } = world);
  boardDirectory = await mkdtemp(join(tmpdir(), 'bramble-host-path-'));
  await importTools(world.cluster.dockerHost, echoImage, { changes: ['ENTRYPOINT ["/bin/echo","entry"]', 'CMD ["image","arguments"]'] });
  await pods.object('configmaps', { metadata: { name: 'settings' }, data: { 'data-1': 'value-1', 'data-2': 'value-2' }, binaryData: { raw: Buffer.from([0, 255, 7]).toString('base64') } });
  await pods.object('secrets', { metadata: { name: 'password' }, stringData: { 'data-1': 'secret-1', 'data-2': 'secret-2' } });
});

afterAll(async () => {
  await rm(boardDirectory, { recursive: true, force: true });
  await stopPodCluster(world);
});

type PodSpec = Parameters<PodBench['create']>[1];

/** Runs a container to its end. @returns its log. */
async function logOf(name: string, container: ContainerSpec, spec: Partial<PodSpec> = {}): Promise<string> {
  await pods.create(name, { restartPolicy: 'Never', containers: [{ name: 'main', ...container }], ...spec });
  return pods.output(name);
}

const runs = (script: string, extra: ContainerSpec = {}): ContainerSpec => shell(script, extra);

describe.concurrent('command and arguments', () => {
  it('are those of the image where the pod says nothing', async () => expect(await logOf('image-all', { image: echoImage })).toBe('entry image arguments\n'));
  it('args replace those of the image', async () => expect(await logOf('image-args', { image: echoImage, args: ['mine'] })).toBe('entry mine\n'));
  it('command replaces entry point and arguments', async () => expect(await logOf('image-command', { image: echoImage, command: ['/bin/echo', 'other'] })).toBe('other\n'));
  it('command and args replace both', async () => expect(await logOf('image-both', { image: echoImage, command: ['/bin/echo'], args: ['all', 'mine'] })).toBe('all mine\n'));
  it('are expanded with the environment', async () => expect(await logOf('expand', {
    image: echoImage, command: ['/bin/echo'], args: ['$(ONE)', '$$(ONE)', '$(NONE)', '$('], env: [{ name: 'ONE', value: 'first' }],
  })).toBe('first $(ONE) $(NONE) $(\n'));
  it('workingDir is where they run', async () => expect(await logOf('working-dir', runs('pwd', { workingDir: '/var' }))).toBe('/var\n'));
});

describe.concurrent('environment', () => {
  it('literals refer to earlier ones', async () => expect(await logOf('env-expand', runs('echo "$THREE"', {
    env: [{ name: 'ONE', value: '1' }, { name: 'TWO', value: '$(ONE)-2' }, { name: 'THREE', value: '$(ONE);;$(TWO);;$(FOUR)' }, { name: 'FOUR', value: '4' }],
  }))).toBe('1;;1-2;;$(FOUR)\n'));

  it('comes from keys and whole ConfigMaps and Secrets, later before earlier', async () => {
    const log = await logOf('env-sources', {
      // A shell would lose the names that no shell can have.
      ...runs(''), command: ['/bin/env'],
      envFrom: [{ prefix: 'C_', configMapRef: { name: 'settings' } }, { prefix: 'S_', secretRef: { name: 'password' } }, { configMapRef: { name: 'absent', optional: true } }],
      env: [
        { name: 'KEY', valueFrom: { configMapKeyRef: { name: 'settings', key: 'data-1' } } },
        { name: 'WORD', valueFrom: { secretKeyRef: { name: 'password', key: 'data-2' } } },
        { name: 'NOTHING', valueFrom: { secretKeyRef: { name: 'password', key: 'absent', optional: true } } },
        { name: 'C_data-2', value: 'mine' },
      ],
    });
    const lines = log.split('\n');
    for (const line of ['KEY=value-1', 'WORD=secret-2', 'C_data-1=value-1', 'C_data-2=mine', 'S_data-1=secret-1', 'KUBERNETES_SERVICE_PORT=443']) expect(lines).toContain(line);
    expect(log).not.toContain('NOTHING');
  });

  it('tells of the pod, its board and its resources', async () => {
    const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
    const resource = (name: string, which: string, divisor = '0') => ({ name, valueFrom: { resourceFieldRef: { resource: which, divisor } } });
    const log = await logOf('env-fields', runs('env', {
      env: [
        field('NAME', 'metadata.name'), field('SPACE', 'metadata.namespace'), field('UID', 'metadata.uid'), field('NODE', 'spec.nodeName'), field('LABEL', "metadata.labels['color']"),
        field('NOTE', "metadata.annotations['note']"), field('POD_IP', 'status.podIP'), field('HOST_IP', 'status.hostIP'), field('ACCOUNT', 'spec.serviceAccountName'),
        resource('CPU_LIMIT', 'limits.cpu'), resource('CPU_REQUEST', 'requests.cpu', '1m'), resource('MEMORY_LIMIT', 'limits.memory', '1Mi'), resource('MEMORY_REQUEST', 'requests.memory'),
      ],
      resources: { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } },
    }), {});
    const { metadata, status } = await pods.get('env-fields');
    const lines = log.split('\n');
    for (const line of [
      'NAME=env-fields', 'SPACE=default', `UID=${metadata!.uid}`, 'NODE=board-1', 'LABEL=', 'NOTE=', `HOST_IP=${status!.hostIP}`, 'ACCOUNT=default',
      'CPU_LIMIT=2', 'CPU_REQUEST=250', 'MEMORY_LIMIT=64', 'MEMORY_REQUEST=33554432',
    ]) expect(lines).toContain(line);
    expect(log).toMatch(/^POD_IP=198\.18\.\d+\.\d+$/m);
  });

  it('takes limits that are not set from the node', async () => {
    const node = JSON.parse(await world.cluster.kubectl.run(['get', 'node', 'board-1', '-o', 'json'])) as { status: { allocatable: { cpu: string } } };
    const log = await logOf('env-default-limit', runs('echo $CPU', { env: [{ name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } }] }));
    expect(log.trim()).toBe(String(Math.ceil(node.status.allocatable.cpu.endsWith('m') ? parseInt(node.status.allocatable.cpu) / 1000 : Number(node.status.allocatable.cpu))));
  });

  it('that refers to what is missing holds the container until it is there', async () => {
    await pods.create('env-late', { restartPolicy: 'Never', containers: [shell('echo $LATE', { env: [{ name: 'LATE', valueFrom: { configMapKeyRef: { name: 'late', key: 'word' } } }] })] });
    const pod = await pods.until('env-late', (one) => containerStatus(one)?.state?.waiting?.reason === 'CreateContainerConfigError');
    expect(containerStatus(pod)?.state?.waiting?.message).toBe('configmap "late" not found');
    expect(pod.status?.phase).toBe('Pending');
    expect(await podRow(world.cluster, 'env-late')).toMatchObject({ STATUS: 'CreateContainerConfigError', READY: '0/1' });
    await pods.event('env-late', 'Failed', /^Error: configmap "late" not found$/);
    await pods.object('configmaps', { metadata: { name: 'late' }, data: { word: 'at last' } });
    expect(await pods.output('env-late')).toBe('at last\n');
  });
});

describe.concurrent('scratch volumes', () => {
  const volume = (emptyDir: object) => ({ volumes: [{ name: 'scratch', emptyDir }] });
  const at = { volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }] };

  it('on disk are open to every user', async () => expect(await logOf('scratch-disk', runs('stat -c %a /scratch; echo x > /scratch/f; chmod 644 /scratch/f; stat -c "%a %u" /scratch/f', { ...at, securityContext: { runAsUser: 1000 } }), volume({}))).toBe('777\n644 1000\n'));
  it('in memory are a tmpfs of the size asked for', async () => {
    const log = await logOf('scratch-memory', runs('grep " /scratch " /proc/mounts; stat -c %a /scratch; df -k /scratch | tail -n 1', at), volume({ medium: 'Memory', sizeLimit: '8Mi' }));
    expect(log).toMatch(/^\S+ \/scratch tmpfs /);
    expect(log).toMatch(/^1?777$/m);
    expect(log).toMatch(/^\S+\s+8192\s/m);
  });
  it('are shared by the containers of a pod and belong to its group', async () => {
    await pods.create('scratch-shared', {
      restartPolicy: 'Never', ...volume({}), securityContext: { fsGroup: 4321 },
      containers: [shell('until [ -e /scratch/word ]; do sleep 0.1; done; cat /scratch/word; stat -c %g /scratch/word', at), shell('echo shared > /scratch/tmp; mv /scratch/tmp /scratch/word', { name: 'writer', ...at, securityContext: { runAsUser: 1000 } })],
    });
    await pods.phase('scratch-shared', 'Succeeded');
    expect(await pods.logs('scratch-shared', 'container=main')).toBe('shared\n4321\n');
  });
  it('mounted read-only cannot be written', async () => expect(await logOf('scratch-read-only', runs('touch /scratch/f 2>&1; true', { volumeMounts: [{ name: 'scratch', mountPath: '/scratch', readOnly: true }] }), volume({}))).toContain('Read-only file system'));
});

describe.concurrent('paths of the board', () => {
  const volume = (path: string, type?: string) => ({ volumes: [{ name: 'board', hostPath: { path, ...(type ? { type } : {}) } }] });
  const at = { volumeMounts: [{ name: 'board', mountPath: '/board' }] };

  it('are there as they are, or made where asked for', async () => {
    await writeFile(join(boardDirectory, 'file'), 'of the board\n');
    expect(await logOf('board-directory', runs('cat /board/file', at), volume(boardDirectory, 'Directory'))).toBe('of the board\n');
    expect(await logOf('board-file', runs('cat /board', at), volume(join(boardDirectory, 'file'), 'File'))).toBe('of the board\n');
    await logOf('board-create', runs('echo made > /board/made', at), volume(join(boardDirectory, 'new'), 'DirectoryOrCreate'));
    expect(readFileSync(join(boardDirectory, 'new', 'made'), 'utf8')).toBe('made\n');
    expect(await logOf('board-device', runs('test -c /board && head -c 3 /board | wc -c', at), volume('/dev/zero', 'CharDevice'))).toBe('3\n');
  });

  it('of the wrong type hold the pod and are told', async () => {
    await pods.create('board-wrong', { containers: [shell(idle, at)], ...volume(join(boardDirectory, 'absent'), 'Directory') });
    await pods.event('board-wrong', 'FailedMount', /^MountVolume\.SetUp failed for volume "board" : hostPath type check failed: .*absent is not a directory$/);
    expect(await podRow(world.cluster, 'board-wrong')).toMatchObject({ STATUS: 'ContainerCreating' });
  });
});

describe.concurrent('files of ConfigMaps and Secrets', () => {
  const at = { volumeMounts: [{ name: 'files', mountPath: '/files' }] };
  const show = runs('cd /files; for f in $(ls); do echo "$f $(stat -L -c %a $f) $(cat $f)"; done', at);
  const volume = (source: object) => ({ volumes: [{ name: 'files', ...source }] });

  it('have all keys with mode 0644', async () => expect(await logOf('files-secret', show, volume({ secret: { secretName: 'password' } }))).toBe('data-1 644 secret-1\ndata-2 644 secret-2\n'));
  it('have the default mode', async () => expect(await logOf('files-mode', show, volume({ secret: { secretName: 'password', defaultMode: 0o400 } }))).toBe('data-1 400 secret-1\ndata-2 400 secret-2\n'));
  it('have items with paths and modes', async () => expect(await logOf('files-items', runs('cat /files/to/data; stat -L -c %a /files/to/data; ls /files', at), volume({ configMap: { name: 'settings', items: [{ key: 'data-2', path: 'to/data', mode: 0o440 }] } }))).toBe('value-2440\nto\n'));
  it('hold bytes as they are', async () => expect(await logOf('files-binary', runs('od -An -tx1 /files/raw', at), volume({ configMap: { name: 'settings' } }))).toBe(' 00 ff 07\n'));
  it('are read by a user of the group', async () => expect(await logOf('files-group', runs('id -u; cat /files/data-1; stat -L -c "%a %g" /files/data-1', at), {
    ...volume({ secret: { secretName: 'password', defaultMode: 0o440 } }), securityContext: { runAsUser: 1000, fsGroup: 1001 },
  })).toBe('1000\nsecret-1440 1001\n'));
  it('are a tmpfs that cannot be written', async () => expect(await logOf('files-tmpfs', runs('grep " /files " /proc/mounts; touch /files/x 2>&1; true', at), volume({ configMap: { name: 'settings' } }))).toMatch(/tmpfs ro,[\s\S]*Read-only file system/));
  it('may be missing where that is allowed', async () => expect(await logOf('files-optional', runs('ls /files | wc -l', at), volume({ secret: { secretName: 'absent', optional: true } }))).toBe('0\n'));

  it('that are missing hold the pod until they are there', async () => {
    await pods.create('files-late', { restartPolicy: 'Never', containers: [{ ...shell(''), ...show, name: 'main' }], ...volume({ configMap: { name: 'late-files' } }) });
    await pods.event('files-late', 'FailedMount', /^MountVolume\.SetUp failed for volume "files" : configmap "late-files" not found$/);
    expect(await podRow(world.cluster, 'files-late')).toMatchObject({ STATUS: 'ContainerCreating' });
    await pods.object('configmaps', { metadata: { name: 'late-files' }, data: { word: 'here' } });
    expect(await pods.output('files-late')).toBe('word 644 here\n');
  });

  it('follow changes in a running pod, all at once, while subPaths and variables stay', async () => {
    for (const name of ['live', 'live-projected']) await pods.object('configmaps', { metadata: { name }, data: { one: '1', two: '1', gone: '1' } });
    await pods.create('files-live', {
      volumes: [
        { name: 'files', configMap: { name: 'live' } },
        { name: 'projected', projected: { sources: [{ configMap: { name: 'live-projected' } }] } },
      ],
      // The link may turn between two reads of it; where it led at one moment, all is of one time.
      containers: [shell('while true; do d=$(readlink /files/..data) || echo gone; a=$(cat "/files/$d/one" "/files/$d/two" 2>/dev/null); case $a in 12|21) echo "torn: $a";; esac; done', {
        volumeMounts: [{ name: 'files', mountPath: '/files' }, { name: 'projected', mountPath: '/projected' }, { name: 'files', mountPath: '/pinned', subPath: 'one' }],
      })],
    });
    await pods.ready('files-live');
    for (const name of ['live', 'live-projected']) await world.cluster.kubectl.run(['patch', 'configmap', name, '--type=merge', '-p', '{"data":{"one":"2","two":"2","gone":null,"new":"2"}}']);
    await eventually(async () => (await pods.exec('files-live', ['sh', '-c', 'cat /files/one /files/two /files/new /projected/one'])).stdout === '2222', { timeoutMs: 30_000, everyMs: 300 });
    expect((await pods.exec('files-live', ['sh', '-c', 'ls /files; cat /pinned'])).stdout).toBe('new\none\ntwo\n1');
    expect(await pods.logs('files-live')).toBe('');
    expect((await pods.get('files-live')).status?.containerStatuses?.[0]?.restartCount).toBe(0);
  });

  it('of an immutable ConfigMap cannot change', async () => {
    await pods.object('configmaps', { metadata: { name: 'stone' }, data: { word: 'set' }, immutable: true });
    const result = await world.cluster.kubectl.try(['patch', 'configmap', 'stone', '--type=merge', '-p', '{"data":{"word":"other"}}']);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('field is immutable when `immutable` is set');
  });
});

describe.concurrent('projected and downward files', () => {
  const at = { volumeMounts: [{ name: 'files', mountPath: '/files' }] };
  const items = [
    { path: 'name', fieldRef: { fieldPath: 'metadata.name' } },
    { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
    { path: 'notes', fieldRef: { fieldPath: 'metadata.annotations' } },
    { path: 'cpu-limit', resourceFieldRef: { containerName: 'main', resource: 'limits.cpu' } },
    { path: 'memory-limit', resourceFieldRef: { containerName: 'main', resource: 'limits.memory' } },
    { path: 'cpu-request', mode: 0o400, resourceFieldRef: { containerName: 'main', resource: 'requests.cpu', divisor: '1m' } },
  ];

  it('join several sources in one directory', async () => expect(await logOf('projected', runs('cd /files; for f in $(ls); do echo "$f $(cat $f)"; done; stat -L -c %a cpu-request name', { ...at, resources: { requests: { cpu: '100m' }, limits: { cpu: '2', memory: '64Mi' } } }), {
    volumes: [{ name: 'files', projected: { sources: [
      { configMap: { name: 'settings', items: [{ key: 'data-1', path: 'config' }] } }, { secret: { name: 'password', items: [{ key: 'data-1', path: 'secret' }] } }, { downwardAPI: { items } },
    ] } }],
  })).toBe('config value-1\ncpu-limit 2\ncpu-request 100\nlabels \nmemory-limit 67108864\nname projected\nnotes \nsecret secret-1\n400\n644\n'));

  it('follow labels and annotations of a running pod', async () => {
    await pods.create('downward-live', { volumes: [{ name: 'files', downwardAPI: { items } }], containers: [shell(idle, at)] }, { labels: { color: 'red' }, annotations: { note: 'a "b"' } });
    await pods.ready('downward-live');
    const read = async () => (await pods.exec('downward-live', ['sh', '-c', 'cat /files/labels; echo; cat /files/notes'])).stdout;
    expect(await read()).toContain('color="red"\nnote="a \\"b\\""');
    await world.cluster.kubectl.run(['label', 'pod', 'downward-live', 'color=blue', 'size=big', '--overwrite']);
    await world.cluster.kubectl.run(['annotate', 'pod', 'downward-live', 'more=yes']);
    await eventually(async () => {
      const text = await read();
      return text.includes('color="blue"\nsize="big"') && text.includes('more="yes"');
    }, { timeoutMs: 30_000, everyMs: 300 });
  });
});

describe.concurrent('parts of volumes', () => {
  it('are mounted by subPath and by an expression', async () => {
    const log = await logOf('sub-paths', runs('cat /one; ls -d /logs; echo mine > /logs/word; cat /whole/sub-paths/word', {
      env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
      volumeMounts: [
        { name: 'settings', mountPath: '/one', subPath: 'data-1' }, { name: 'scratch', mountPath: '/logs', subPathExpr: '$(POD)' }, { name: 'scratch', mountPath: '/whole' },
      ],
    }), { volumes: [{ name: 'settings', configMap: { name: 'settings' } }, { name: 'scratch', emptyDir: {} }] });
    expect(log).toBe('value-1/logs\nmine\n');
  });

  it('may be single files over those of the image, of every kind of source', async () => {
    const log = await logOf('sub-files', runs('for f in /etc/a /etc/b /etc/c /etc/d; do cat $f; echo; done', {
      volumeMounts: [
        { name: 'config', mountPath: '/etc/a', subPath: 'data-1' }, { name: 'secret', mountPath: '/etc/b', subPath: 'data-1' },
        { name: 'down', mountPath: '/etc/c', subPath: 'deep/name' }, { name: 'all', mountPath: '/etc/d', subPath: 'x/y' },
      ],
    }), { volumes: [
      { name: 'config', configMap: { name: 'settings' } }, { name: 'secret', secret: { secretName: 'password' } },
      { name: 'down', downwardAPI: { items: [{ path: 'deep/name', fieldRef: { fieldPath: 'metadata.name' } }] } },
      { name: 'all', projected: { sources: [{ configMap: { name: 'settings', items: [{ key: 'data-2', path: 'x/y' }] } }] } },
    ] });
    expect(log).toBe('value-1\nsecret-1\nsub-files\nvalue-2\n');
  });

  it('whose expression fails hold the container, and let it go when an annotation makes it right', async () => {
    await pods.create('sub-late', {
      volumes: [{ name: 'scratch', emptyDir: {} }],
      containers: [shell(idle, {
        env: [{ name: 'WHERE', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['where']" } } }],
        volumeMounts: [{ name: 'scratch', mountPath: '/logs', subPathExpr: '$(WHERE)' }],
      })],
    }, { annotations: { where: '/absolute' } });
    await pods.until('sub-late', (pod) => containerStatus(pod)?.state?.waiting?.reason === 'CreateContainerConfigError');
    await world.cluster.kubectl.run(['annotate', 'pod', 'sub-late', 'where=relative', '--overwrite']);
    const pod = await pods.ready('sub-late');
    expect(condition(pod, 'Ready')?.status).toBe('True');
  });

  it('never leave their volume', async () => {
    await pods.create('sub-escape', {
      volumes: [{ name: 'scratch', emptyDir: {} }],
      initContainers: [shell('ln -s /etc /scratch/link', { name: 'link', volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }] })],
      containers: [shell(idle, { volumeMounts: [{ name: 'scratch', mountPath: '/board', subPath: 'link' }] })],
    });
    const pod = await pods.until('sub-escape', (one) => containerStatus(one)?.state?.waiting?.reason === 'CreateContainerConfigError');
    expect(containerStatus(pod)?.state?.waiting?.message).toBe('failed to prepare subPath for volumeMount "scratch" of container "main"');
  });

  it('fifty ConfigMaps in one pod', async () => {
    const names = Array.from({ length: 50 }, (_unused, index) => `many-${index}`);
    await Promise.all(names.map((name) => pods.object('configmaps', { metadata: { name }, data: { 'data-1': name } })));
    const log = await logOf('many-volumes', runs('cat /files/*/data-1 | grep -o many- | wc -l', { volumeMounts: names.map((name) => ({ name, mountPath: `/files/${name}` })) }), { volumes: names.map((name) => ({ name, configMap: { name } })) });
    expect(log.trim()).toBe('50');
  });
});
