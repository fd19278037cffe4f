/** exec, attach, cp, port-forward, proxy and debug, with every kubectl of this machine, over SPDY and over WebSockets. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { promisify } from 'node:util';
import { Attach, Cp, KubeConfig, PortForward } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { Cluster, freePort } from '../../framework/cluster.ts';
import { idle, PodBench, shell, toolsImage } from '../../framework/pod-bench.ts';
import { importTools } from '../../framework/tool-images.ts';

const installed = '/usr/lib/google-cloud-sdk/bin/kubectl.';
/** The one in use, and the others that are there: 1.28 knows SPDY only, 1.31 and later tunnel it through WebSockets. */
const programs = [process.env.BRAMBLE_TEST_KUBECTL ?? 'kubectl', ...['1.28', '1.30', '1.33'].map((version) => `${installed}${version}`).filter((path) => existsSync(path))];
const clients = programs.flatMap((program) => ['true', 'false'].map((webSockets) => ({ program, webSockets })));

interface Client {
  program: string;
  webSockets: string;
}

interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

let cluster: Cluster;
let pods: PodBench;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'streams-'));
  cluster = await Cluster.create({ clusterCIDR: '198.18.96.0/20', serviceCIDR: '198.19.96.0/20', bridgeName: 'bramble-stream', extraFlags: ['--node-port-range', '30400-30449'] });
  await cluster.up();
  await importTools(cluster.dockerHost, toolsImage);
  pods = new PodBench({ kubeconfig: cluster.kubeconfig, namespace: 'default' });
  await pods.start();
  // On port 8081 only for the pod itself.
  const page = 'mkdir -p /www/cgi-bin; echo hello > /www/index.html; echo "<a href=/x>x</a>" > /www/links.html; httpd -p 127.0.0.1:8081 -h /www; exec httpd -f -p 8080 -h /www';
  await pods.create('web', { containers: [shell(page, { ports: [{ containerPort: 8080 }], readinessProbe: { tcpSocket: { port: 8080 } } })] }, { labels: { app: 'web' } });
  await pods.create('talk', { containers: [shell(idle)] });
  // Sends back what it gets, in capitals, once it has got all of it.
  await pods.create('upper', { containers: [shell('while true; do nc -l -p 7 -e sh -c "tr a-z A-Z"; done')] });
  await pods.object('services', { kind: 'Service', metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] } });
  await pods.object('services', { kind: 'Service', metadata: { name: 'nobody' }, spec: { selector: { app: 'nobody' }, ports: [{ port: 80 }] } });
  await Promise.all([pods.ready('web'), pods.ready('talk'), pods.ready('upper')]);
});

afterAll(async () => {
  pods.stop();
  rmSync(directory, { recursive: true, force: true });
  await cluster.destroy();
});

function start({ program, webSockets }: Client, args: readonly string[]): ChildProcess {
  return spawn(program, args, { env: { ...process.env, KUBECONFIG: cluster.kubeconfig, KUBECTL_REMOTE_COMMAND_WEBSOCKETS: webSockets, KUBECTL_PORT_FORWARD_WEBSOCKETS: webSockets } });
}

function run(client: Client, args: readonly string[], input?: string): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = start(client, args);
    let stdout = '';
    let stderr = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
    child.on('error', reject).on('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin!.on('error', () => {}).end(input ?? '');
  });
}

/** Everything that comes on a connection after `text` was sent and this side ended. */
function ask(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => socket.end(text));
    let answer = '';
    socket.setEncoding('utf8').on('data', (data: string) => { answer += data; });
    socket.on('end', () => resolve(answer)).on('error', reject);
  });
}

async function forwarding<T>(client: Client, target: string, remote: number, use: (port: number, output: () => string) => Promise<T>): Promise<T> {
  const local = await freePort();
  const child = start(client, ['port-forward', '--address', '127.0.0.1', target, `${local}:${remote}`]);
  let output = '';
  child.stdout!.on('data', (data: Buffer) => { output += data.toString(); });
  child.stderr!.on('data', (data: Buffer) => { output += data.toString(); });
  try {
    await eventually(() => output.includes('Forwarding from'), { timeoutMs: 20_000 });
    return await use(local, () => output);
  } finally {
    child.kill();
  }
}

describe.each(clients)('$program (WebSockets: $webSockets)', (client) => {
  it('runs commands with input, outputs and their exit code', async () => {
    const result = await run(client, ['exec', '-i', 'talk', '--', 'sh', '-c', 'cat; echo err >&2; exit 42'], 'one\ntwo\n');
    expect(result).toMatchObject({ code: 42, stdout: 'one\ntwo\n' });
    expect(result.stderr).toContain('err\n');
    expect(result.stderr).toContain('command terminated with exit code 42');
  });

  it('carries megabytes both ways', async () => {
    const much = 'x'.repeat(2 * 1024 * 1024);
    expect((await run(client, ['exec', '-i', 'talk', '--', 'wc', '-c'], much)).stdout.trim()).toBe(String(much.length));
    expect((await run(client, ['exec', '-i', 'talk', '--', 'cat'], much)).stdout.length).toBe(much.length);
  });

  it('says why a command cannot be run', async () => {
    expect((await run(client, ['exec', 'talk', '--', '/no/such/command'])).code).not.toBe(0);
    expect((await run(client, ['exec', 'none', '--', 'true'])).stderr).toContain('pods "none" not found');
    expect((await run(client, ['exec', 'talk', '-c', 'none', '--', 'true'])).stderr).toMatch(/container none is not valid for pod talk|container none not found in pod talk/);
  });

  it('gives a terminal its size', async () => {
    const command = `stty rows 33 cols 111; ${client.program} exec -it talk -- sh -c 'sleep 0.5; stty size'`;
    const output = await new Promise<string>((resolve, reject) => {
      const child = spawn('script', ['-qec', command, '/dev/null'], { env: { ...process.env, KUBECONFIG: cluster.kubeconfig, KUBECTL_REMOTE_COMMAND_WEBSOCKETS: client.webSockets }, stdio: ['ignore', 'pipe', 'inherit'] });
      let text = '';
      child.stdout.on('data', (data: Buffer) => { text += data.toString(); });
      child.on('error', reject).on('close', () => resolve(text));
    });
    expect(output).toContain('33 111');
  });

  it('runs a pod, attached, and removes it', async () => {
    const name = `run-${Math.floor(performance.now())}`;
    const result = await run(client, ['run', name, '--rm', '-i', '--restart=Never', `--image=${toolsImage}`, '--', 'sh', '-c', 'read x; echo got $x; exit 5'], 'abc\n');
    expect(result.stdout).toContain('got abc');
    expect(result.code).toBe(5);
    await eventually(async () => (await cluster.kubectl.try(['get', 'pod', name])).code !== 0);
  });

  it('refuses to attach to what has ended', async () => {
    const name = `over-${Math.floor(performance.now())}`;
    await pods.create(name, { restartPolicy: 'Never', containers: [shell('exit 0')] });
    await pods.phase(name, 'Succeeded');
    expect((await run(client, ['attach', name])).stderr).toContain('cannot attach a container in a completed pod; current phase is Succeeded');
  });

  it('copies files to a pod and back', async () => {
    const source = join(directory, 'source');
    const back = join(directory, 'back');
    writeFileSync(source, Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7) % 251)));
    expect((await run(client, ['cp', source, 'talk:/tmp/copy'])).code).toBe(0);
    expect((await run(client, ['cp', 'talk:/tmp/copy', back])).code).toBe(0);
    expect(readFileSync(back).equals(readFileSync(source))).toBe(true);
  });

  it('forwards ports, connection after connection, and half-closes them', async () => {
    await forwarding(client, 'pod/web', 8080, async (port) => {
      for (let round = 0; round < 3; round++) expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('hello\n');
      const answers = await Promise.all(Array.from({ length: 8 }, async () => (await fetch(`http://127.0.0.1:${port}/`)).text()));
      expect(new Set(answers)).toEqual(new Set(['hello\n']));
    });
    await forwarding(client, 'pod/web', 8081, async (port) => {
      const answers = await Promise.all(Array.from({ length: 20 }, async () => (await fetch(`http://127.0.0.1:${port}/`)).text()));
      expect(answers).toEqual(Array.from({ length: 20 }, () => 'hello\n'));
    });
    await forwarding(client, 'pod/upper', 7, async (port) => {
      expect(await ask(port, 'shout')).toBe('SHOUT');
    });
    await forwarding(client, 'service/web', 80, async (port) => {
      expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('hello\n');
    });
  });

  it('says why a port cannot be reached', async () => {
    await forwarding(client, 'pod/web', 81, async (port, output) => {
      await ask(port, '').catch(() => '');
      await eventually(() => output().includes('error forwarding port 81 to pod'));
      expect(output()).toContain('connect: connection refused');
    });
  });

  it('looks into a pod with a container of its own', async () => {
    const name = `debug-${Math.floor(performance.now())}`;
    expect((await run(client, ['debug', 'web', `--image=${toolsImage}`, '--target=main', `--container=${name}`, '--', 'sh', '-c', 'ps; sleep 300'])).code).toBe(0);
    await eventually(async () => (await cluster.kubectl.run(['logs', 'web', '-c', name])).includes('httpd'), { timeoutMs: 20_000 });
    expect((await run(client, ['exec', 'web', '-c', name, '--', 'echo', 'inside'])).stdout).toBe('inside\n');
  });
});

describe('the proxy', () => {
  const raw = (path: string) => cluster.kubectl.try(['get', '--raw', path]);
  const root = '/api/v1/namespaces/default';

  it.each([
    `${root}/pods/web/proxy/`, `${root}/pods/web:8080/proxy/index.html`, `${root}/pods/http:web:8080/proxy/`, `${root}/services/web/proxy/`.replace('web/', 'web:http/'),
    `${root}/services/web:80/proxy/`, `${root}/services/http:web:http/proxy/index.html`,
  ])('leads to %s', async (path) => {
    expect((await raw(path)).stdout).toBe('hello\n');
  });

  it('rewrites links of pages', async () => {
    expect((await raw(`${root}/pods/web/proxy/links.html`)).stdout).toBe(`<a href=${root}/pods/web/proxy/x>x</a>\n`);
  });

  it.each([
    [`${root}/pods/web:81/proxy/`, /error trying to reach service: dial tcp .*:81: connect: connection refused/],
    // Not what listens for the pod itself alone.
    [`${root}/pods/web:8081/proxy/`, /error trying to reach service: dial tcp .*:8081: connect: connection refused/],
    [`${root}/services/nobody/proxy/`, /no endpoints available for service "nobody"/],
    [`${root}/services/web:99/proxy/`, /no service port 99 found for service "web"/],
    [`${root}/services/none/proxy/`, /services "none" not found/],
    [`${root}/pods/none/proxy/`, /pods "none" not found/],
    ['/api/v1/proxy/nodes/board-1/', /the server could not find the requested resource/],
  ])('says why it does not lead to %s', async (path, message) => {
    expect((await raw(path)).stderr).toMatch(message);
  });

  it('shows what the board says of itself', async () => {
    expect((await raw('/api/v1/nodes/board-1/proxy/healthz')).stdout).toBe('ok');
    expect(JSON.parse((await raw('/api/v1/nodes/board-1/proxy/pods')).stdout)).toMatchObject({ kind: 'PodList' });
    expect(JSON.parse((await raw('/api/v1/nodes/board-1/proxy/stats/summary')).stdout)).toMatchObject({ node: { nodeName: 'board-1' } });
    expect((await raw('/api/v1/nodes/board-1:10250/proxy/logs/')).stdout).toContain('<pre>');
  });
});

describe('kubectl debug', () => {
  it('looks at the files of the board', async () => {
    const made = await run(clients[0]!, ['debug', 'node/board-1', `--image=${toolsImage}`, '--', 'sh', '-c', 'ls -d /host/proc && cat /host/etc/hostname']);
    const name = /node-debugger-board-1-\w+/.exec(made.stdout + made.stderr)?.[0] ?? '';
    await pods.phase(name, 'Succeeded');
    expect(await pods.logs(name)).toBe(`/host/proc\n${readFileSync('/etc/hostname', 'utf8')}`);
  });

  it('copies a pod with one container more', async () => {
    expect((await run(clients[0]!, ['debug', 'web', '--copy-to=web-copy', '--container=beside', `--image=${toolsImage}`, '--', 'sh', '-c', 'echo beside; exec sleep 1000'])).code).toBe(0);
    await pods.ready('web-copy');
    await eventually(async () => await pods.logs('web-copy', 'container=beside') === 'beside\n');
    await pods.delete('web-copy', 0);
  });
});

describe('python3-kubernetes', () => {
  it('runs commands, forwards ports and asks through the proxy', async () => {
    // Debian's own: the one first on the PATH may not see Debian's packages.
    const { stdout } = await promisify(execFile)('/usr/bin/python3', [join(import.meta.dirname, 'python-streams.py'), cluster.kubeconfig], { timeout: 120_000 });
    expect(JSON.parse(stdout)).toEqual({
      executed: ['out\n', 'err\n', 3], spokenTo: ['hello', 4], forwarded: ['hello\n', null],
      refused: ['', expect.stringMatching(/^error forwarding port 82 to pod web, uid [0-9a-f-]+: .*connection refused$/)], proxied: 'hello\n',
    });
  });
});

describe('@kubernetes/client-node', () => {
  function config(): KubeConfig {
    const made = new KubeConfig();
    made.loadFromFile(cluster.kubeconfig);
    return made;
  }

  it('forwards ports', async () => {
    const forward = new PortForward(config());
    const server = createServer((socket) => { void forward.portForward('default', 'web', [8080], socket, null, socket); });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      expect(await (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text()).toBe('hello\n');
    } finally {
      server.close();
    }
  });

  it('attaches', async () => {
    await pods.create('echo', { containers: [{ name: 'main', image: toolsImage, command: ['cat'], stdin: true }] });
    await pods.ready('echo');
    const stdin = new PassThrough();
    const stdout = new PassThrough();
    let text = '';
    stdout.on('data', (data: Buffer) => { text += data.toString(); });
    const socket = await new Attach(config()).attach('default', 'echo', 'main', stdout, null, stdin, false);
    stdin.write('hello\n');
    await eventually(() => text === 'hello\n');
    socket.close();
  });

  // Its way back packs with gzip and unpacks without: it works with no server.
  it('copies to a pod', async () => {
    const from = join(directory, 'from');
    mkdirSync(from);
    writeFileSync(join(from, 'file'), 'kept\n');
    await pods.exec('talk', ['mkdir', '-p', '/tmp/to']);
    await new Cp(config()).cpToPod('default', 'talk', 'main', from, '/tmp/to');
    await eventually(async () => (await pods.exec('talk', ['cat', '/tmp/to/file'])).stdout === 'kept\n');
  });
});
