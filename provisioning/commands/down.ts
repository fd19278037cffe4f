/** `bramble down`: stops the cluster and removes its pods, networks and routes. `bramble reset`: the data too. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { systemClock } from '../../machinery/clock.ts';
import { silentLogger } from '../../machinery/logger.ts';
import { endLeftovers } from '../leftovers.ts';
import type { Options } from '../options.ts';
import { dataPaths } from '../paths.ts';
import { ensureDocker, findDocker, stopOwnDocker } from '../phases/docker-daemon.ts';
import { privilege, runChecks } from '../preflight/checks.ts';
import { endProcess, removeProcessFile, runningProcess } from '../process-file.ts';
import { Progress } from '../progress.ts';
import { UserError } from '../user-error.ts';
import { upProcessFile } from './up.ts';

/** @returns what was done. */
async function removePods(options: Options, dockerHost: string): Promise<string> {
  const { NetworkError } = await import('../../agent/network/pod-network.ts');
  const { removeAllPods } = await import('../../agent/remove-all-pods.ts');
  const what = { dataDir: options.dataDir, bridgeName: options.bridgeName, boardName: options.nodeName };
  try {
    return `${await removeAllPods({ ...what, dockerHost })} containers`;
  } catch (error) {
    // Docker counts anew what is in a network when it starts. It is ours alone, and will be stopped anyway.
    if (!(error instanceof NetworkError) || !(await stopOwnDocker(options.dataDir))) throw error;
    await removeAllPods({ ...what, dockerHost: (await ensureDocker(options, systemClock)).host });
    return 'dockerd was restarted: it kept their network';
  }
}

/** Idempotent: run again, it finds nothing to do. @throws UserError */
export async function down(options: Options): Promise<void> {
  await runChecks([privilege], options);
  const progress = new Progress({ output: process.stdout, clock: systemClock });
  await stopProcesses(options, progress);
  const docker = await dockerOfPods(options, progress);
  if (docker) {
    await progress.step('remove pods and networks', async (remark) => remark(await removePods(options, docker.host)));
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
  await progress.step(`remove ${options.dataDir}`, () => removeData(options.dataDir));
}

/** Nothing may be mounted below any more: removing would go on into what is mounted there, a person's own files perhaps. */
async function removeData(dataDir: string): Promise<void> {
  const { SystemMounter } = await import('../../agent/volumes/mounter.ts');
  const mounter = new SystemMounter({ log: silentLogger });
  const mountedBelow = async (): Promise<string[]> => (await mounter.mountPoints(dataDir)).filter((path) => path !== dataDir);
  // What a dockerd that was killed left behind, for example.
  for (const path of await mountedBelow()) await mounter.unmount(path);
  const [left] = await mountedBelow();
  if (left !== undefined) throw new UserError(`${left} is still mounted; unmount it ('umount ${left}') and run this again`);
  const isMountPoint = (await mounter.mountPoints(dataDir)).includes(dataDir);
  const paths = isMountPoint ? readdirSync(dataDir).map((name) => join(dataDir, name)) : [dataDir];
  for (const path of paths) rmSync(path, { recursive: true, force: true });
}

/** The supervisor first: it ends its children, and would start them again otherwise. */
async function stopProcesses({ dataDir }: Options, progress: Progress): Promise<void> {
  const file = upProcessFile(dataDir);
  const pid = runningProcess(file);
  if (pid !== undefined) await progress.step(`stop process ${pid}`, () => endProcess(pid, () => runningProcess(file) !== undefined, 60_000));
  removeProcessFile(file);
  await endLeftovers(dataDir, progress);
}

/** @returns undefined where no pod was ever started. @throws UserError when the pods cannot be reached. */
async function dockerOfPods(options: Options, progress: Progress): Promise<{ host: string } | undefined> {
  const found = await findDocker(options);
  if (found || !existsSync(join(options.dataDir, 'agent'))) return found;
  if (existsSync(dataPaths(options.dataDir).dockerDir)) return progress.step('start dockerd', () => ensureDocker(options, systemClock));
  throw new UserError(`no Docker daemon answers at ${options.dockerHost ?? 'unix:///var/run/docker.sock'}, so its pods cannot be removed; start it and run this again`);
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
