/** `bramble down`: stops the cluster and removes its pods, networks and routes. `bramble reset`: the data too. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { systemClock } from '../../machinery/clock.ts';
import type { Options } from '../options.ts';
import { dataPaths } from '../paths.ts';
import { findDocker, stopOwnDocker } from '../phases/docker-daemon.ts';
import { privilege, runChecks } from '../preflight/checks.ts';
import { endProcess, runningProcess } from '../process-file.ts';
import { Progress } from '../progress.ts';
import { UserError } from '../user-error.ts';
import { upProcessFile } from './up.ts';

/** Idempotent: run again, it finds nothing to do. @throws UserError */
export async function down(options: Options): Promise<void> {
  await runChecks([privilege], options);
  const progress = new Progress({ output: process.stdout, clock: systemClock });
  await stopProcesses(options, progress);
  const docker = await findDocker(options);
  if (docker) {
    await progress.step('remove pods and networks', async (remark) => {
      const { removeAllPods } = await import('../../agent/remove-all-pods.ts');
      const removed = await removeAllPods({ dataDir: options.dataDir, dockerHost: docker.host, bridgeName: options.bridgeName, boardName: options.nodeName });
      remark(`${removed} containers`);
    });
  }
  await progress.step('remove routes', async () => {
    const { removeServiceNetwork } = await import('../../proxy/service-routes.ts');
    await removeServiceNetwork(options.serviceCIDR);
  });
  const daemonRuns = existsSync(join(dataPaths(options.dataDir).runDir, 'dockerd.json'));
  if (daemonRuns) await progress.step('stop dockerd', () => stopOwnDocker(options.dataDir));
}

/** @throws UserError when the person says no. */
export async function reset(options: Options): Promise<void> {
  await runChecks([privilege], options);
  assertOurs(options.dataDir);
  if (!options.yes && process.stdin.isTTY && !(await confirm(`This deletes every pod, object and key in ${options.dataDir}. Type 'yes' to go on: `))) {
    throw new UserError('nothing was deleted');
  }
  await down(options);
  const progress = new Progress({ output: process.stdout, clock: systemClock });
  await progress.step(`remove ${options.dataDir}`, () => {
    rmSync(options.dataDir, { recursive: true, force: true });
    return Promise.resolve();
  });
}

async function stopProcesses(options: Options, progress: Progress): Promise<void> {
  const { runDir } = dataPaths(options.dataDir);
  // The supervisor first: it ends its children and would start them again otherwise.
  const files = [upProcessFile(options.dataDir), ...['proxy', 'agent', 'server', 'nats-server'].map((name) => join(runDir, `${name}.json`))];
  for (const file of files) {
    const pid = runningProcess(file);
    if (pid === undefined) continue;
    await progress.step(`stop process ${pid}`, () => endProcess(pid, () => runningProcess(file) !== undefined, 60_000));
  }
}

/** A mistyped --data-dir must not delete somebody's files. */
function assertOurs(dataDir: string): void {
  if (!existsSync(dataDir)) return;
  const known = ['kubeconfig', 'run', 'server', 'agent'].some((name) => existsSync(join(dataDir, name)));
  if (!known) throw new UserError(`${dataDir} does not look like a data directory of bramble; nothing was deleted`);
}

async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return (await terminal.question(question)).trim() === 'yes';
  } finally {
    terminal.close();
  }
}
