import { spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Event, Node, Pod, PodSpec } from '../../../api/core.ts';
import { encodeMessage } from '../../../api/messaging/decode.ts';
import { boardSubjects } from '../../../api/messaging/subjects.ts';
import { leases } from '../../../api/resources.ts';
import { systemClock } from '../../../machinery/clock.ts';
import { silentLogger } from '../../../machinery/logger.ts';
import { openStream } from '../../../machinery/nats/nats-stream.ts';
import { channels } from '../../../machinery/stream.ts';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { freePort } from '../../../machinery/testing/nats-daemon.ts';
import { startServer, type RunningServer, type ServerOptions } from '../../server.ts';
import { ApiCaller } from '../../testing/api-caller.ts';
import { runningStatus, SimulatedBoard } from '../../testing/simulated-board.ts';

let options: ServerOptions;
let server: RunningServer;
let api: ApiCaller;
let boards: SimulatedBoard[];

beforeEach(async () => {
  options = {
    dataDir: await mkdtemp(join(tmpdir(), 'bramble-server-')), version: '0.0.0',
    apiPort: await freePort(), natsPort: await freePort(), bindAddress: '127.0.0.1', advertiseAddress: '203.0.113.1',
    clusterCIDR: '198.18.0.0/16', serviceCIDR: '198.19.0.0/16', clusterDomain: 'cluster.local', boardName: 'pi-1',
  };
  boards = [];
  await start();
});

afterEach(async () => {
  api.close();
  await Promise.all(boards.map((board) => board.close()));
  await server.stop();
  await rm(options.dataDir, { recursive: true });
});

async function start(): Promise<void> {
  server = await startServer(options, { clock: systemClock, logger: silentLogger });
  api = await ApiCaller.fromKubeconfig(server.kubeconfigPath);
}

async function connectBoard(name = 'pi-1'): Promise<SimulatedBoard> {
  const board = await SimulatedBoard.connect(await server.boards.ensureBoard(name));
  boards.push(board);
  return board;
}

async function registeredBoard(name = 'pi-1'): Promise<SimulatedBoard> {
  const board = await connectBoard(name);
  await board.register();
  return board;
}

const inDefault = '/api/v1/namespaces/default';

function readPod(name: string): Promise<Pod> {
  return api.get<Pod>(`${inDefault}/pods/${name}`);
}

async function listEvents(): Promise<Event[]> {
  return (await api.get<{ items: Event[] }>(`${inDefault}/events`)).items;
}

function makePod(name: string, more: Partial<PodSpec> = {}): Pod {
  return { metadata: { name }, spec: { containers: [{ name: 'main', image: 'web:1' }], terminationGracePeriodSeconds: 30, ...more } };
}

async function createPod(pod: Pod): Promise<void> {
  await api.post(`${inDefault}/pods`, pod);
}

function podOn(board: SimulatedBoard, name: string): Promise<Pod> {
  return eventually(() => board.pods().find((pod) => pod.metadata?.name === name)) as Promise<Pod>;
}

async function runningPod(board: SimulatedBoard, name: string): Promise<Pod> {
  await createPod(makePod(name));
  const pod = await podOn(board, name);
  await board.report({ pods: [board.reportOf(pod, { status: runningStatus(pod, '198.18.0.5') })] });
  return pod;
}

describe('server', () => {
  it('takes a pod from the API to a board and its status back', async () => {
    const board = await connectBoard();
    const network = await board.register();
    expect(network).toEqual({ podCIDR: '198.18.0.0/24', clusterCIDR: '198.18.0.0/16', serviceCIDR: '198.19.0.0/16', dnsAddress: '198.19.0.10', clusterDomain: 'cluster.local' });
    const pod = await runningPod(board, 'web');
    const stored = await readPod('web');
    expect(stored.spec?.nodeName).toBe('pi-1');
    expect(stored.status).toMatchObject({ phase: 'Running', podIP: '198.18.0.5', qosClass: 'BestEffort' });
    expect(stored.status?.conditions?.map(({ type }) => type)).toEqual(['Initialized', 'Ready', 'ContainersReady', 'PodScheduled']);
    await eventually(async () => {
      const items = await listEvents();
      return items.some(({ reason, message, source }) => reason === 'Scheduled' && source?.component === 'default-scheduler'
        && message === 'Successfully assigned default/web to pi-1');
    });
    expect(pod.metadata?.uid).toBe(stored.metadata?.uid);
  });

  it('gives a board the ConfigMaps and Secrets that its pods name, and no others', async () => {
    const board = await registeredBoard();
    for (const name of ['used', 'other']) {
      await api.post(`${inDefault}/configmaps`, { metadata: { name }, data: { text: name } });
      await api.post(`${inDefault}/secrets`, { metadata: { name }, stringData: { text: name } });
    }
    await createPod(makePod('web', {
      containers: [{ name: 'main', image: 'web:1', envFrom: [{ configMapRef: { name: 'used' } }] }],
      volumes: [{ name: 'keys', secret: { secretName: 'used' } }],
    }));
    await podOn(board, 'web');
    expect(board.desired.ofKind('ConfigMap').map(({ metadata }) => metadata?.name).filter((name) => name !== 'kube-root-ca.crt')).toEqual(['used']);
    // And the token of its service account, which is for this pod alone.
    expect(board.desired.ofKind('Secret').map(({ metadata }) => metadata?.name?.replace(/^(PodToken)\..*/, '$1')).sort()).toEqual(['PodToken', 'used']);
    await api.put(`${inDefault}/configmaps/used`, { metadata: { name: 'used' }, data: { text: 'changed' } });
    await eventually(() => board.desired.ofKind('ConfigMap').some(({ data }) => data?.['text'] === 'changed'));
  });

  it('sends every board the Services, their endpoints and the Nodes', async () => {
    const board = await registeredBoard();
    await eventually(() => board.network.ofKind('Service').some(({ metadata }) => metadata?.name === 'kubernetes'));
    await eventually(() => board.network.ofKind('Node').some(({ metadata, spec }) => metadata?.name === 'pi-1' && spec?.podCIDR === '198.18.0.0/24'));
    await api.post(`${inDefault}/services`, { metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } });
    await eventually(() => board.network.ofKind('Service').some(({ metadata }) => metadata?.name === 'web'));
    await eventually(() => board.network.ofKind('EndpointSlice').some(({ metadata }) => metadata?.labels?.['kubernetes.io/service-name'] === 'web'));
  });

  it('deletes a pod when its board has ended it, with its grace', async () => {
    const board = await registeredBoard();
    const pod = await runningPod(board, 'web');
    await api.delete(`${inDefault}/pods/web`);
    await eventually(() => board.pods().find(({ metadata }) => metadata?.deletionTimestamp !== undefined));
    expect((await readPod('web')).metadata?.deletionGracePeriodSeconds).toBe(30);
    expect(await board.report({ pods: [board.reportOf(pod, { terminated: true })] })).toEqual({});
    await expect(readPod('web')).rejects.toMatchObject({ code: 404 });
    await eventually(() => board.pods().length === 0);
    expect(await board.report({ pods: [board.reportOf(pod, { terminated: true })] })).toEqual({ unknown: [pod.metadata?.uid] });
  });

  it('does not let a board speak for another', async () => {
    const board = await registeredBoard();
    const pod = await runningPod(board, 'web');
    const other = await registeredBoard('pi-2');
    const reply = await other.report({
      pods: [other.reportOf(pod, { status: { phase: 'Failed' }, terminated: true })],
      events: [{ involvedObject: { kind: 'Node', name: 'pi-1' }, type: 'Warning', reason: 'Forged', message: 'forged' }],
    });
    expect(reply).toEqual({ unknown: [pod.metadata?.uid] });
    expect((await readPod('web')).status?.phase).toBe('Running');
    await other.report({ pods: [], events: [{ involvedObject: { kind: 'Node', name: 'pi-2' }, type: 'Normal', reason: 'Starting', message: 'own' }] });
    const reasons = await eventually(async () => {
      const items = await listEvents();
      return items.some(({ reason }) => reason === 'Starting') ? items.map(({ reason }) => reason) : undefined;
    });
    expect(reasons).not.toContain('Forged');
  });

  it('refuses a board that calls itself by another name', async () => {
    const board = await connectBoard();
    const reply = await board.connection.request(boardSubjects('pi-1').register, encodeMessage({ node: { metadata: { name: 'pi-2' } }, agentVersion: '' }), { timeoutMs: 5000 });
    expect(JSON.parse(Buffer.from(reply).toString())).toEqual({ error: 'the credentials are those of board "pi-1", the node is named "pi-2"' });
    const malformed = await board.connection.request(boardSubjects('pi-1').register, 'no JSON', { timeoutMs: 5000 });
    expect(Buffer.from(malformed).toString()).toContain('is not JSON');
  });

  it('keeps what users set on a Node when its board registers again, and renews its Lease', async () => {
    const board = await registeredBoard();
    // Controllers write the new Node too: read and write again on a conflict, as clients do.
    await eventually(async () => {
      const node = await api.get<Node>('/api/v1/nodes/pi-1');
      return api.put('/api/v1/nodes/pi-1', { ...node, metadata: { ...node.metadata, labels: { ...node.metadata?.labels, disk: 'ssd' } }, spec: { ...node.spec, unschedulable: true } });
    });
    await board.register({ nodeInfo: { kubeletVersion: 'v2' } as never });
    const after = await api.get<Node>('/api/v1/nodes/pi-1');
    expect(after.metadata?.labels).toMatchObject({ disk: 'ssd', 'kubernetes.io/arch': 'arm64' });
    expect(after.spec).toMatchObject({ unschedulable: true, podCIDR: '198.18.0.0/24' });
    expect(after.status?.nodeInfo?.kubeletVersion).toBe('v2');
    const lease = async () => (await server.client.resource(leases).get('pi-1', 'kube-node-lease')).spec?.renewTime;
    const before = await lease();
    await eventually(async () => {
      board.heartbeat();
      return await lease() !== before;
    });
  });

  it('writes nothing to the disk for heartbeats', async () => {
    const board = await registeredBoard();
    const renewed = async () => (await server.client.resource(leases).get('pi-1', 'kube-node-lease')).spec?.renewTime?.slice(0, -'.000000Z'.length);
    const written = () => readdirSync(join(options.dataDir, 'server', 'db')).filter((name) => /\.(log|ldb)$/.test(name)).map((name) => [name, statSync(join(options.dataDir, 'server', 'db', name)).size]);
    const nextSecond = async () => {
      const before = await renewed();
      await eventually(async () => {
        board.heartbeat();
        return await renewed() !== before;
      });
    };
    // What a start has to write comes in the meantime.
    let before = written();
    await eventually(async () => {
      await nextSecond();
      const now = written();
      const quiet = JSON.stringify(now) === JSON.stringify(before);
      before = now;
      return quiet;
    }, { timeoutMs: 30_000 });
    for (let beat = 0; beat < 2; beat++) await nextSecond();
    expect(written()).toEqual(before);
  });

  it('sends the whole state to a board whose heartbeat shows that it is behind', async () => {
    const board = await registeredBoard();
    const pod = await runningPod(board, 'web');
    board.desired.restore({ epoch: 'before', revision: 3, objects: [] });
    await eventually(() => {
      board.heartbeat();
      return board.pods().some(({ metadata }) => metadata?.uid === pod.metadata?.uid);
    }, { timeoutMs: 15_000, everyMs: 200 });
  });

  it('says in Kubernetes\' words why a pod fits nowhere, and places it when it does', async () => {
    const big = makePod('big', { containers: [{ name: 'main', image: 'web:1', resources: { requests: { cpu: '3' } } }] });
    await createPod(big);
    const condition = async () => (await readPod('big')).status?.conditions?.find(({ type }) => type === 'PodScheduled');
    await eventually(async () => (await condition())?.message === 'no nodes available to schedule pods');
    const board = await registeredBoard();
    await podOn(board, 'big');
    await createPod({ ...big, metadata: { name: 'second' } });
    const message = '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.';
    await eventually(async () => {
      const pod = await readPod('second');
      return pod.status?.conditions?.some(({ reason, message: text }) => reason === 'Unschedulable' && text === message);
    });
    await api.delete(`${inDefault}/pods/big`, { gracePeriodSeconds: 0 });
    await podOn(board, 'second');
  });

  it('opens logs on the board, and says when it is not there', async () => {
    const board = await registeredBoard();
    await runningPod(board, 'web');
    await expect(api.text(`${inDefault}/pods/web/log`)).rejects.toMatchObject({ code: 503 });
    const subjects = boardSubjects('pi-1');
    board.connection.subscribe(subjects.stream, (message) => {
      const { id, kind, pod } = JSON.parse(Buffer.from(message.data).toString()) as { id: string; kind: string; pod: string };
      const stream = openStream(board.connection, { send: subjects.streamOut(id), receive: subjects.streamIn(id) }, { clock: systemClock });
      message.respond('{}');
      void stream.write(channels.stdout, Buffer.from(`${kind} of ${pod}\n`)).then(() => stream.close({}));
    });
    const log = await eventually(() => api.text(`${inDefault}/pods/web/log`));
    expect(log).toBe('logs of web\n');
  });

  it('recovers when nats-server is killed', async () => {
    const board = await registeredBoard();
    await runningPod(board, 'before');
    process.kill(server.natsServerPid!, 'SIGKILL');
    await createPod(makePod('after'));
    const pod = await podOn(board, 'after');
    const reply = await eventually(() => board.report({ pods: [board.reportOf(pod, { status: runningStatus(pod, '198.18.0.6') })] }));
    expect(reply).toEqual({});
    expect((await readPod('after')).status?.phase).toBe('Running');
  });

  it('has everything again after a restart, and writes its secrets for its owner alone', async () => {
    const board = await registeredBoard();
    await runningPod(board, 'web');
    const kubeconfig = await readFile(server.kubeconfigPath, 'utf8');
    expect((await stat(server.kubeconfigPath)).mode & 0o777).toBe(0o600);
    await server.stop();
    await start();
    expect(await readFile(server.kubeconfigPath, 'utf8')).toBe(kubeconfig);
    expect((await readPod('web')).status?.phase).toBe('Running');
    await createPod(makePod('after'));
    await podOn(board, 'after');
  });

  it('uses a nats-server that somebody else runs', async () => {
    await server.stop();
    const port = await freePort();
    const foreign = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
    try {
      options = { ...options, natsUrl: `nats://127.0.0.1:${port}` };
      await start();
      expect(server.natsServerPid).toBeUndefined();
      const board = await eventually(() => registeredBoard());
      await createPod(makePod('web'));
      await podOn(board, 'web');
    } finally {
      const ended = new Promise((resolve) => foreign.once('exit', resolve));
      foreign.kill('SIGKILL');
      await ended;
    }
  });

  it('leaves nothing running when the API port is taken', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'bramble-server-'));
    try {
      const second = startServer({ ...options, dataDir, natsPort: await freePort() }, { clock: systemClock, logger: silentLogger });
      await expect(second).rejects.toThrow(`port ${options.apiPort} of the Kubernetes API is in use`);
    } finally {
      await rm(dataDir, { recursive: true });
    }
  });
});
