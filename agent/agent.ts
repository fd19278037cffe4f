/**
 * The agent's composition root, in the order things start; they stop in the reverse order. Pods outlive the agent: stopping
 * it, or killing it, leaves them running, and the next one takes them up by their labels.
 */
import { randomInt } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../machinery/clock.ts';
import type { Logger } from '../machinery/logger.ts';
import { readBoardCredentials } from '../machinery/nats/board-credentials.ts';
import { connectBoard } from '../machinery/nats/connect.ts';
import { downwardFacts, type BoardFacts } from './board-facts.ts';
import { readBoardResolvConf } from './board-resolver.ts';
import { ensureSandboxImage } from './docker/sandbox-image.ts';
import { makeDockerHost } from './docker-host.ts';
import { BoardLink } from './link/board-link.ts';
import { NetworkKeeper } from './network/network-keeper.ts';
import { NodeStatusManager } from './node-status/node-status-manager.ts';
import { compileAgentOptions, type AgentOptions } from './options.ts';
import { PodManager } from './pods/pod-manager.ts';
import { HookRunner } from './prober/hook-runner.ts';
import { NetworkProber } from './prober/prober.ts';
import { ProbingManager } from './prober/probing-manager.ts';
import { KubeletApi } from './streams/kubelet-api.ts';
import { LoopbackDialer } from './streams/loopback-dialer/loopback-dialer.ts';
import { StreamServer } from './streams/stream-server.ts';
import { DirectoryVolumeManager } from './volumes/directory-volume-manager.ts';
import { SystemMounter } from './volumes/mounter.ts';

export type { AgentOptions } from './options.ts';

export interface AgentDependencies {
  clock: Clock;
  logger: Logger;
  /** In [0, 1): spreads what a fleet would do at once. */
  random?: () => number;
}

export interface RunningAgent {
  /** Leaves the pods running. */
  stop(): Promise<void>;
}

/** Beside the bundle. */
const loopbackDialerProgram = fileURLToPath(new URL('loopback-dialer.js', import.meta.url));

const randomSteps = 2 ** 32;

/**
 * Resolves when the board's pods are looked after; the control plane may still be away.
 * @throws AgentOptionError, BoardCredentialsError, or the engine's error when Docker does not answer.
 */
export async function startAgent(raw: AgentOptions, dependencies: AgentDependencies): Promise<RunningAgent> {
  const options = compileAgentOptions(raw);
  const { clock, logger, random = () => randomInt(randomSteps) / randomSteps } = dependencies;
  const credentials = await readBoardCredentials(options.credentialsFile);
  const { agentDir: dataDir, boardName } = options;
  await mkdir(dataDir, { recursive: true, mode: 0o750 });
  const { client, runtime, network } = await makeDockerHost(options, dependencies);
  await ensureSandboxImage(client);

  const nodeStatus = new NodeStatusManager({
    nodeName: boardName, dataDir, bundleVersion: options.version, runtime, labels: options.nodeLabels,
    ...(options.nodeIP === undefined ? {} : { nodeIP: options.nodeIP }),
    networkReady: () => network.up, report: (status) => link.reportNode(status), clock, log: logger,
  });
  const connection = connectBoard(credentials, { clock, logger, random });
  const link = new BoardLink({
    connection, board: boardName, seed: credentials.seed, dataDir, agentVersion: options.version,
    // A network that is known from the last run is up in a moment: without waiting the node would say that it is not ready.
    node: () => networkKeeper.settled().then(() => nodeStatus.node()), clock, log: logger, random,
  });
  const facts: BoardFacts = {
    nodeName: boardName, hostIPs: () => nodeStatus.hostIPs, allocatable: () => nodeStatus.allocatable, memoryBytes: totalmem(),
  };
  const prober = new ProbingManager({ prober: new NetworkProber({ runtime, clock }), sink: link, clock, log: logger, random });
  const volumes = new DirectoryVolumeManager({
    dataDir, state: link, facts: (pod) => downwardFacts(facts, (pod.status?.podIPs ?? []).flatMap(({ ip }) => (ip ? [ip] : []))),
    mounter: new SystemMounter({ log: logger }), clock, log: logger, processId: process.pid,
  });
  const pods = new PodManager({
    runtime, state: link, sink: link, volumes, network, prober, lifecycle: new HookRunner({ runtime, clock }), facts,
    readResolvConf: () => readBoardResolvConf(), clock, logger,
  });

  const podStatus = (uid: string) => pods.podStatus(uid);
  const kubelet = new KubeletApi({ nodeName: boardName, dataDir, runtime, state: link, podStatus, clock });
  const streams = new StreamServer({
    connection, board: boardName, runtime, state: link, podStatus, host: { address: () => nodeStatus.hostIPs[0] ?? '127.0.0.1', kubelet },
    loopback: new LoopbackDialer({ program: loopbackDialerProgram, processOf: (sandboxId) => runtime.sandboxProcess(sandboxId), clock }), clock, log: logger,
  });

  const networkKeeper = new NetworkKeeper({ network, onReady: () => nodeStatus.refresh(), clock, logger });
  link.onNetwork((boardNetwork) => networkKeeper.keep(boardNetwork));
  await nodeStatus.start();
  await link.start();
  pods.start();
  streams.start();
  logger.info('agent started', { board: boardName, docker: await runtime.version(), agentId: options.agentId });

  return {
    async stop() {
      await streams.stop();
      await pods.stop();
      prober.stop();
      networkKeeper.stop();
      nodeStatus.stop();
      await link.stop();
      await connection.close();
    },
  };
}
