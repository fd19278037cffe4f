/** `bramble server`, `bramble agent`, `bramble proxy`: one part of the cluster in the foreground, logging to stderr. */
import { setFlagsFromString } from 'node:v8';
import { systemClock } from '../../machinery/clock.ts';
import { createIdleCollector } from '../../machinery/idle-collector.ts';
import { createLogger, type Logger } from '../../machinery/logger.ts';
import type { Options } from '../options.ts';
import { dataPaths } from '../paths.ts';
import { findDocker } from '../phases/docker-daemon.ts';
import { platform, privilege, runChecks } from '../preflight/checks.ts';
import type { ReadyMessage } from '../supervisor.ts';
import { UserError } from '../user-error.ts';

interface RunningPart {
  stop(): Promise<void>;
}

type StartPart = (options: Options, logger: Logger) => Promise<RunningPart>;

/**
 * Of what is alive: how much a heap grows before it is collected. V8 lets small ones grow to a multiple. With this the server holds
 * 109 MB after 10,000 writes instead of 136, for a tenth of its writes a second. Set here, because Node refuses to start with an
 * option that its V8 does not know.
 */
const heapGrowingPercent = 25;

const parts: Readonly<Record<'server' | 'agent' | 'proxy', StartPart>> = {
  async server(options, logger) {
    const { startServer } = await import('../../control-plane/server.ts');
    setFlagsFromString(`--heap-growing-percent=${heapGrowingPercent}`);
    const server = await startServer({ ...options, version: process.env.BRAMBLE_VERSION ?? '0.0.0', boardName: options.nodeName }, { clock: systemClock, logger });
    const collector = createIdleCollector(systemClock);
    collector.start();
    return {
      stop: () => {
        collector.stop();
        return server.stop();
      },
    };
  },
  async agent(options, logger) {
    const docker = await findDocker(options);
    if (docker === undefined) {
      throw new UserError(`no Docker daemon answers at ${options.dockerHost ?? 'unix:///var/run/docker.sock'}; start it ('systemctl start docker'), or name another with --docker-host`);
    }
    const { startAgent } = await import('../../agent/agent.ts');
    return startAgent({
      dataDir: options.dataDir, boardName: options.nodeName, credentialsFile: dataPaths(options.dataDir).credentials(options.nodeName),
      dockerHost: docker.host, bridgeName: options.bridgeName, version: process.env.BRAMBLE_VERSION ?? '0.0.0',
    }, { clock: systemClock, logger });
  },
  async proxy(options, logger) {
    const { startProxy } = await import('../../proxy/proxy.ts');
    return startProxy({
      dataDir: options.dataDir, boardName: options.nodeName, credentialsFile: dataPaths(options.dataDir).credentials(options.nodeName),
      clusterCIDR: options.clusterCIDR, serviceCIDR: options.serviceCIDR, clusterDomain: options.clusterDomain,
    }, { clock: systemClock, logger, random: Math.random });
  },
};

/** For a start that is under way when it is to stop. */
const startGraceMs = 10_000;

/** Resolves when the part was stopped by a signal, or by the end of the `bramble up` that started it. @throws UserError */
export async function runPart(name: keyof typeof parts, options: Options): Promise<void> {
  process.title = `bramble ${name}`;
  await runChecks([platform, privilege], options);
  const logger = createLogger({ level: options.logLevel, write: (line) => process.stderr.write(`${line}\n`), now: () => systemClock.now(), fields: { part: name } });
  const stopSignal = new Promise<string>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal));
    // Without a parent nobody would restart or stop this process any more.
    process.on('disconnect', () => resolve('disconnect'));
  });
  const starting = parts[name](options, logger);
  const stoppedEarly = await Promise.race([starting.then(() => undefined), stopSignal]);
  if (stoppedEarly !== undefined) {
    logger.info('stopping before the start is complete', { reason: stoppedEarly });
    // What hangs is cut off: a part that is killed at any moment leaves nothing that the next start does not mend.
    await Promise.race([starting.then((running) => running.stop()), systemClock.sleep(startGraceMs)]);
    return;
  }
  // Without effect where the parent is just ending: 'disconnect' follows.
  process.send?.({ ready: true } satisfies ReadyMessage, undefined, undefined, () => undefined);
  logger.info('stopping', { reason: await stopSignal });
  await (await starting).stop();
}
