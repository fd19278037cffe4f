/** `bramble up`: a one-machine cluster in the foreground. What `npm start` runs. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, type Clock } from '../../machinery/clock.ts';
import { findExecutable } from '../command-runner.ts';
import { endLeftovers } from '../leftovers.ts';
import { nodeReadiness } from '../node-readiness.ts';
import { writeLastOptions } from '../last-options.ts';
import { toFlags, type Options } from '../options.ts';
import { dataPaths } from '../paths.ts';
import { ensureDocker } from '../phases/docker-daemon.ts';
import { installPackages } from '../phases/packages.ts';
import { apiPort, dataDirectory, namedDocker, natsPort, platform, privilege, runChecks } from '../preflight/checks.ts';
import { claimProcessFile, removeProcessFile, runningProcess } from '../process-file.ts';
import { Progress } from '../progress.ts';
import { Supervisor } from '../supervisor.ts';
import { UserError } from '../user-error.ts';

const nodeReadyTimeoutMs = 120_000;

/**
 * Flags for Node itself. Small boards have little memory, so young objects get little room, and nobody keeps source maps in case
 * of a crash: scripts/resolve-stack.js reads them afterwards.
 */
const nodeFlags = ['--max-semi-space-size=2'];

/**
 * Of glibc's allocator: one arena for all threads. With one for each, what LevelDB and TLS give back stays with the thread: 18 MB of
 * the control plane's memory after some thousand writes. Other allocators do not look at it.
 */
const memoryEnvironment = { MALLOC_ARENA_MAX: '1' };

export function upProcessFile(dataDir: string): string {
  return join(dataPaths(dataDir).runDir, 'up.json');
}

/** Resolves when the cluster was stopped by a signal. @throws UserError */
export async function up(options: Options): Promise<void> {
  const clock = systemClock;
  const started = clock.monotonic();
  const progress = new Progress({ output: process.stdout, clock });
  const paths = dataPaths(options.dataDir);
  refuseSecond(options, runningProcess(upProcessFile(options.dataDir)));
  await runChecks([platform, privilege, dataDirectory], options);
  await endLeftovers(options.dataDir, progress);
  await runChecks([apiPort, natsPort, namedDocker], options);
  await installPackages(options, progress);

  for (const directory of [options.dataDir, paths.runDir, paths.logDir]) mkdirSync(directory, { recursive: true, mode: 0o700 });
  refuseSecond(options, claimProcessFile(upProcessFile(options.dataDir), process.pid));
  const stopSignal = waitForSignal();
  const supervisor = new Supervisor({
    clock, logDir: paths.logDir, runDir: paths.runDir,
    onExit: (name, reason, restartInMs) => progress.line(`  ! ${name} ended (${reason}); starting it again in ${restartInMs / 1000} s; its log is ${join(paths.logDir, `${name}.log`)}`),
  });
  try {
    const stoppedEarly = await Promise.race([startCluster(options, supervisor, progress, clock).then(() => false), stopSignal.then(() => true)]);
    if (!stoppedEarly) {
      printWelcome(options, progress, (clock.monotonic() - started) / 1000);
      await stopSignal;
    }
    progress.line();
    await progress.step('stop (pods go on running)', () => supervisor.stop());
  } finally {
    await supervisor.stop();
    removeProcessFile(upProcessFile(options.dataDir));
  }
}

function refuseSecond({ dataDir }: Options, already: number | undefined): void {
  if (already === undefined) return;
  throw new UserError(`bramble already runs here (process ${already}, data in ${dataDir}); use it with KUBECONFIG=${dataPaths(dataDir).kubeconfig}, or stop it first`);
}

async function startCluster(options: Options, supervisor: Supervisor, progress: Progress, clock: Clock): Promise<void> {
  const docker = await progress.step('docker', async (remark) => {
    const found = await ensureDocker(options, clock);
    remark(`Docker ${found.version}${found.started ? ', started' : ''} (${found.host})`);
    return found;
  });
  writeLastOptions(options);
  const flags = toFlags({ ...options, dockerHost: docker.host });
  const bramble = (command: string) => ({ name: command, file: process.execPath, args: [...nodeFlags, process.argv[1]!, command, ...flags], env: memoryEnvironment });
  await progress.step('control plane', () => supervisor.start(bramble('server')));
  await progress.step('agent', () => supervisor.start(bramble('agent')));
  await progress.step('proxy and DNS', () => supervisor.start(bramble('proxy')));
  await progress.step('node is Ready', async (remark) => {
    await waitForNode(options, clock);
    remark(options.nodeName);
  });
}

async function waitForNode(options: Options, clock: Clock): Promise<void> {
  const deadline = clock.monotonic() + nodeReadyTimeoutMs;
  const { kubeconfig, logDir } = dataPaths(options.dataDir);
  for (;;) {
    const state = await nodeReadiness(kubeconfig, options.nodeName);
    if (state === 'Ready') return;
    if (clock.monotonic() > deadline) throw new UserError(`node ${options.nodeName} is not Ready after ${nodeReadyTimeoutMs / 1000} s: ${state}; ${join(logDir, 'agent.log')} says more`);
    await clock.sleep(50);
  }
}

function printWelcome(options: Options, progress: Progress, seconds: number): void {
  const { kubeconfig } = dataPaths(options.dataDir);
  progress.line();
  progress.line(progress.bold(`The cluster is ready (${seconds.toFixed(1)} s). Try:`));
  progress.line();
  progress.line(`  export KUBECONFIG=${kubeconfig}`);
  progress.line('  kubectl get nodes -o wide');
  progress.line('  kubectl get pods --all-namespaces');
  progress.line('  kubectl apply -f examples/guestbook/guestbook.yaml   # see examples/guestbook/README.md');
  progress.line();
  if (findExecutable('kubectl') === undefined) {
    progress.line("kubectl is not on this machine: 'apt-get install kubernetes-client' on Debian, or see kubernetes.io/docs/tasks/tools.");
  }
  progress.line('Ctrl-C stops bramble and leaves the pods running; bramble down removes them, bramble reset the data too.');
}

function waitForSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
}
