import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { decodeHeartbeat, decodeRegisterRequest, decodeStatusReport, decodeSyncRequest, encodeMessage } from '../../../api/messaging/decode.ts';
import type { Heartbeat, RegisterReply, StateMessage, StateObject, StatusReply, StatusReport, SyncRequest } from '../../../api/messaging/messages.ts';
import { boardSubjects } from '../../../api/messaging/subjects.ts';
import { systemClock } from '../../../machinery/clock.ts';
import { silentLogger } from '../../../machinery/logger.ts';
import { connectBoard, connectServer } from '../../../machinery/nats/connect.ts';
import type { MessagingConnection } from '../../../machinery/nats/messaging-connection.ts';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { startNatsDaemon, type NatsDaemon } from '../../../machinery/testing/nats-daemon.ts';
import { BoardLink } from '../../link/board-link.ts';
import { testNetwork } from '../../testing/in-memory-desired-state.ts';

const board = 'pi-1';
const subjects = boardSubjects(board);
const dependencies = { clock: systemClock, logger: silentLogger, random: () => 0.5 };

let nats: NatsDaemon;
let server: MessagingConnection;
let dataDir: string;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  nats = await startNatsDaemon([board]);
  server = connectServer(nats.server, dependencies);
  await server.connected();
});

afterAll(async () => {
  await server.close();
  await nats.stop();
});

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'bramble-link-'));
});

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  await rm(dataDir, { recursive: true });
});

/** The control plane's side, as simple as it can be. */
function controlPlane(options: { register?: () => RegisterReply; status?: (report: StatusReport) => StatusReply } = {}) {
  const seen = { registrations: [] as string[], syncs: [] as SyncRequest[], reports: [] as StatusReport[], heartbeats: [] as Heartbeat[] };
  const ends = [
    server.subscribe(subjects.register, (message) => {
      seen.registrations.push(decodeRegisterRequest(message.data).node.metadata?.name ?? '');
      message.respond(encodeMessage(options.register?.() ?? { network: testNetwork }));
    }),
    server.subscribe(subjects.sync, (message) => { seen.syncs.push(decodeSyncRequest(message.data)); }),
    server.subscribe(subjects.heartbeat, (message) => { seen.heartbeats.push(decodeHeartbeat(message.data)); }),
    server.subscribe(subjects.status, (message) => {
      const report = decodeStatusReport(message.data);
      const reply = options.status?.(report) ?? {};
      if (reply.error === undefined) seen.reports.push(report);
      message.respond(encodeMessage(reply));
    }),
  ];
  stops.push(async () => { for (const end of ends) end(); });
  const send = (message: StateMessage) => server.publish(subjects.desired, encodeMessage(message));
  return { ...seen, send, sendRaw: (text: string) => server.publish(subjects.desired, text) };
}

function startLink(credentials = nats.board(board)) {
  const connection = connectBoard(credentials, dependencies);
  const link = new BoardLink({
    connection, board, seed: credentials.seed, dataDir, agentVersion: '0.1.0', clock: systemClock, log: silentLogger, random: () => 0,
    node: async () => ({ metadata: { name: board } }),
  });
  const changes: string[][] = [];
  link.onChange((uids) => changes.push([...uids]));
  const stop = async () => {
    await link.stop();
    await connection.close();
  };
  stops.push(stop);
  return { link, changes, stop };
}

const web: StateObject = { kind: 'Pod', object: { metadata: { namespace: 'shop', name: 'web-0', uid: 'u-web', resourceVersion: '1' }, spec: { containers: [{ name: 'main' }] } } };
const login: StateObject = { kind: 'Secret', object: { metadata: { namespace: 'shop', name: 'login', resourceVersion: '1' }, data: { password: 'Y29ycmVjdCBob3JzZQ==' } } };
const full = (to: number, ...upserts: StateObject[]): StateMessage => ({ epoch: 'e1', from: 0, to, part: 0, upserts, removes: [] });
const saved = () => readFile(join(dataDir, 'desired-state/state'));

describe('BoardLink', () => {
  it('registers, asks for its state, has it, beats', async () => {
    const plane = controlPlane();
    const { link, changes } = startLink();
    await link.start();
    expect(link.ready).toBe(false);
    await eventually(() => plane.syncs.length > 0 && plane.heartbeats.length > 0);
    expect(plane.registrations).toEqual([board]);
    expect(plane.syncs[0]).toEqual({ epoch: '', revision: 0 });
    expect(link.network).toEqual(testNetwork);
    plane.send(full(1, web, login));
    await eventually(() => link.ready);
    expect(changes).toEqual([['u-web']]);
    expect(link.secret('shop', 'login')?.data).toEqual({ password: 'Y29ycmVjdCBob3JzZQ==' });
  });

  it('has its pods, secrets and network without any control plane after a restart, and no secret in plain text', async () => {
    const plane = controlPlane();
    const first = startLink();
    await first.link.start();
    await eventually(() => plane.syncs.length > 0);
    plane.send(full(3, web, login));
    await eventually(saved);
    await first.stop();
    const text = (await saved()).toString('latin1');
    for (const piece of ['password', 'Y29ycmVjdCBob3JzZQ', 'web-0']) expect(text).not.toContain(piece);
    expect((await stat(join(dataDir, 'desired-state/state'))).mode & 0o777).toBe(0o600);

    const alone = startLink({ ...nats.board(board), url: 'tls://127.0.0.1:1' });
    await alone.link.start();
    expect(alone.link.ready).toBe(true);
    expect(alone.link.network).toEqual(testNetwork);
    expect(alone.changes).toEqual([['u-web']]);
    expect(alone.link.secret('shop', 'login')?.data?.['password']).toBe('Y29ycmVjdCBob3JzZQ==');
  });

  it('tells the control plane where it is after a restart', async () => {
    const plane = controlPlane();
    const first = startLink();
    await first.link.start();
    await eventually(() => plane.syncs.length > 0);
    plane.send(full(3, web));
    await eventually(saved);
    await first.stop();
    await startLink().link.start();
    await eventually(() => plane.syncs.length > 1);
    expect(plane.syncs[1]).toEqual({ epoch: 'e1', revision: 3 });
  });

  it('keeps an unusable saved state aside and waits', async () => {
    const plane = controlPlane();
    const first = startLink();
    await first.link.start();
    await eventually(() => plane.syncs.length > 0);
    plane.send(full(1, web));
    await eventually(saved);
    await first.stop();
    const content = await saved();
    content[content.length - 1]! ^= 1;
    await writeFile(join(dataDir, 'desired-state/state'), content);
    const { link } = startLink({ ...nats.board(board), url: 'tls://127.0.0.1:1' });
    await link.start();
    expect(link.ready).toBe(false);
    expect(link.pods()).toEqual([]);
    expect(await readdir(join(dataDir, 'desired-state'))).toEqual(['state.unusable']);
  });

  it('writes nothing when nothing changed that matters after a restart', async () => {
    const plane = controlPlane();
    const { link } = startLink();
    await link.start();
    await eventually(() => plane.syncs.length > 0);
    plane.send(full(1, web));
    await eventually(saved);
    const before = await stat(join(dataDir, 'desired-state/state'));
    const updated: StateObject = { kind: 'Pod', object: { ...(web.object), metadata: { ...web.object.metadata, resourceVersion: '2' }, status: { phase: 'Running' } } };
    plane.send({ epoch: 'e1', from: 1, to: 2, part: 0, upserts: [updated], removes: [] });
    await eventually(() => link.pod('u-web')?.status?.phase === 'Running');
    await link.stop();
    expect((await stat(join(dataDir, 'desired-state/state'))).ino).toBe(before.ino);
  });

  it('asks again after a message that cannot be read or does not follow, and loses nothing', async () => {
    const plane = controlPlane();
    const { link } = startLink();
    await link.start();
    await eventually(() => plane.syncs.length > 0);
    plane.send(full(1, web));
    await eventually(() => link.ready);
    plane.sendRaw('{"epoch":');
    plane.send({ epoch: 'e1', from: 7, to: 8, part: 0, upserts: [], removes: [] });
    await eventually(() => plane.syncs.length === 2);
    expect(plane.syncs[1]).toEqual({ epoch: 'e1', revision: 1 });
    expect(link.pods()).toHaveLength(1);
  });

  it('reports status until it is stored', async () => {
    let failures = 2;
    const plane = controlPlane({ status: () => (failures-- > 0 ? { error: 'disk full' } : {}) });
    const { link } = startLink();
    await link.start();
    link.report({ namespace: 'shop', name: 'web-0', uid: 'u-web', status: { phase: 'Pending' } });
    link.report({ namespace: 'shop', name: 'web-0', uid: 'u-web', status: { phase: 'Running' } });
    link.event({ involvedObject: {}, type: 'Normal', reason: 'Started', message: 'Started container main' });
    await eventually(() => plane.reports.length > 0);
    expect(plane.reports[0]).toMatchObject({ pods: [{ uid: 'u-web', status: { phase: 'Running' } }], events: [{ reason: 'Started' }] });
  });

  it('registers again when the control plane did not want it at first', async () => {
    let refusals = 1;
    const plane = controlPlane({ register: () => (refusals-- > 0 ? { error: 'not enrolled' } : { network: testNetwork }) });
    const { link } = startLink();
    await link.start();
    await eventually(() => link.registered);
    expect(plane.registrations).toHaveLength(2);
  });

  it('sends everything again after a lost connection', async () => {
    const plane = controlPlane();
    const { link } = startLink();
    await link.start();
    await eventually(() => plane.syncs.length > 0);
    plane.send(full(1, web));
    await eventually(() => link.ready);
    link.report({ namespace: 'shop', name: 'web-0', uid: 'u-web', status: { phase: 'Running' } });
    await eventually(() => plane.reports.length === 1);
    await nats.kill();
    await eventually(() => !link.registered);
    link.report({ namespace: 'shop', name: 'gone', uid: 'u-gone', terminated: true });
    await nats.start();
    await eventually(() => plane.reports.flatMap((report) => report.pods.map((pod) => pod.uid)).length >= 3, { timeoutMs: 30_000 });
    expect(plane.registrations).toHaveLength(2);
    expect(plane.reports.slice(1).flatMap((report) => report.pods.map((pod) => pod.uid)).sort()).toEqual(['u-gone', 'u-web']);
  });
});
