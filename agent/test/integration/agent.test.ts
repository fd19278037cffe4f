import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeRegisterRequest, decodeStatusReport, decodeSyncRequest, encodeMessage } from '../../../api/messaging/decode.ts';
import type { Node, Pod } from '../../../api/core.ts';
import type { BoardNetwork, PodReport } from '../../../api/messaging/messages.ts';
import { boardSubjects } from '../../../api/messaging/subjects.ts';
import { systemClock } from '../../../machinery/clock.ts';
import { silentLogger } from '../../../machinery/logger.ts';
import { connectServer } from '../../../machinery/nats/connect.ts';
import type { MessagingConnection } from '../../../machinery/nats/messaging-connection.ts';
import { startDockerDaemon, type DockerDaemon } from '../../../machinery/testing/docker-daemon.ts';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { startNatsDaemon, type NatsDaemon } from '../../../machinery/testing/nats-daemon.ts';
import { startAgent, type RunningAgent } from '../../agent.ts';
import { createDockerClient } from '../../docker/dockerode-client.ts';
import { removeAllPods } from '../../remove-all-pods.ts';
import { makeContainer, makePod } from '../../testing/pod-builders.ts';
import { busyboxImage, ensureTestImage } from '../../testing/test-images.ts';

const board = 'pi-1';
const bridgeName = 'brtest4';
const network: BoardNetwork = { podCIDR: '198.18.202.0/24', clusterCIDR: '198.18.192.0/19', serviceCIDR: '198.19.0.0/20', dnsAddress: '198.19.0.10', clusterDomain: 'cluster.local' };

/** The control plane's side, as simple as it can be. */
class ControlPlane {
  readonly nodes: Node[] = [];
  readonly reports: PodReport[] = [];
  pod: Pod | undefined;
  private revision = 0;
  private readonly server: MessagingConnection;
  private readonly subjects = boardSubjects(board);

  constructor(server: MessagingConnection) {
    this.server = server;
    server.subscribe(this.subjects.register, (message) => {
      this.nodes.push(decodeRegisterRequest(message.data).node);
      message.respond(encodeMessage({ network }));
    });
    server.subscribe(this.subjects.sync, (message) => {
      decodeSyncRequest(message.data);
      this.send();
    });
    server.subscribe(this.subjects.status, (message) => {
      this.reports.push(...decodeStatusReport(message.data).pods);
      message.respond(encodeMessage({}));
    });
  }

  want(pod: Pod | undefined): void {
    this.pod = pod;
    this.revision += 1;
    this.send();
  }

  latest(): PodReport | undefined {
    return this.reports.at(-1);
  }

  private send(): void {
    const upserts = this.pod ? [{ kind: 'Pod' as const, object: this.pod }] : [];
    this.server.publish(this.subjects.desired, encodeMessage({ epoch: 'e', from: 0, to: this.revision, part: 0, upserts, removes: [] }));
  }
}

describe('the agent', () => {
  let nats: NatsDaemon;
  let docker: DockerDaemon;
  let server: MessagingConnection;
  let plane: ControlPlane;
  let dataDir: string;
  let agent: RunningAgent | undefined;

  const start = async () => {
    agent = await startAgent(
      { dataDir, boardName: board, credentialsFile: join(dataDir, 'credentials.json'), dockerHost: docker.host, bridgeName, version: '0.1.0' },
      { clock: systemClock, logger: silentLogger, random: () => 0.5 },
    );
  };
  const stop = async () => {
    await agent?.stop();
    agent = undefined;
  };
  const containerId = () => plane.latest()?.status?.containerStatuses?.[0]?.containerID;
  const isReady = () => plane.latest()?.status?.containerStatuses?.[0]?.ready === true;

  beforeAll(async () => {
    docker = await startDockerDaemon();
    nats = await startNatsDaemon([board]);
    dataDir = await mkdtemp(join(tmpdir(), 'bramble-agent-'));
    await writeFile(join(dataDir, 'credentials.json'), JSON.stringify(nats.board(board)), { mode: 0o600 });
    await ensureTestImage(createDockerClient(docker.host), busyboxImage);
    server = connectServer(nats.server, { clock: systemClock, logger: silentLogger, random: () => 0.5 });
    await server.connected();
    plane = new ControlPlane(server);
  });

  afterAll(async () => {
    // Each in turn, also when one before it failed: a daemon that stays behind would disturb every later test.
    const failures: unknown[] = [];
    for (const cleanUp of [
      stop, () => removeAllPods({ dataDir, boardName: board, dockerHost: docker.host, bridgeName }), () => server.close(), () => nats.stop(), () => docker.stop(),
      () => rm(dataDir, { recursive: true, force: true }),
    ]) await cleanUp().catch((error: unknown) => failures.push(error));
    expect(failures).toEqual([]);
  });

  const pod = makePod({ containers: [makeContainer('main', { command: ['sh', '-c', 'trap "exit 0" TERM; while true; do sleep 0.1; done'] })] });

  it('registers its board and runs what the control plane wants', async () => {
    await start();
    await eventually(() => plane.nodes.length > 0);
    expect(plane.nodes[0]?.metadata?.name).toBe(board);
    plane.want(pod);
    await eventually(isReady, { timeoutMs: 20_000 });
    expect(plane.latest()?.status?.podIP).toMatch(/^198\.18\.202\./);
  });

  it('starts the pods of its own record when the control plane is away, without restarting what runs', async () => {
    const before = containerId();
    await stop();
    await nats.kill();
    await start();
    await stop();
    await nats.start();
    await server.connected();
    await start();
    await eventually(() => plane.nodes.length > 1, { timeoutMs: 20_000 });
    plane.want({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 10 } });
    await eventually(() => plane.latest()?.terminated, { timeoutMs: 20_000 });
    expect(containerId()).toBe(before);
    expect(plane.latest()?.status).toMatchObject({ phase: 'Succeeded', containerStatuses: [{ restartCount: 0, state: { terminated: { exitCode: 0 } } }] });
  });
});
