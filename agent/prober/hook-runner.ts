import type { LifecycleHandler } from '../../api/core.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { ContainerRuntime } from '../container-runtime/container-runtime.ts';
import { runCommand } from './exec-probe.ts';
import { httpRequestOf, lifecycleUserAgent, probeHttp } from './http-probe.ts';
import type { LifecycleRunner, ProbeTarget } from './prober-manager.ts';

type HookTarget = Pick<ProbeTarget, 'pod' | 'container' | 'containerId' | 'address'>;

/** postStart and preStop. Follows pkg/kubelet/lifecycle: an answer of any status is a hook that ran. */
export class HookRunner implements LifecycleRunner {
  private readonly runtime: Pick<ContainerRuntime, 'exec'>;
  private readonly clock: Clock;

  constructor(options: { runtime: Pick<ContainerRuntime, 'exec'>; clock: Clock }) {
    this.runtime = options.runtime;
    this.clock = options.clock;
  }

  async run(handler: LifecycleHandler, target: HookTarget, signal: AbortSignal): Promise<void> {
    if (handler.exec) await this.runExec(handler.exec.command ?? [], target, signal);
    else if (handler.httpGet) await this.runHttp(handler.httpGet, target, signal);
    else if (handler.sleep) await this.clock.sleep(handler.sleep.seconds * 1_000, signal);
    else throw new Error(`Cannot run handler: invalid handler: ${JSON.stringify(handler)}`);
  }

  private async runExec(command: readonly string[], target: HookTarget, signal: AbortSignal): Promise<void> {
    const fail = (why: string, output: string) => new Error(`Exec lifecycle hook ([${command.join(' ')}]) for Container ${JSON.stringify(target.container.name)} in Pod ${describe(target)} failed - error: ${why}, message: ${JSON.stringify(output)}`);
    let result;
    try {
      result = await runCommand(this.runtime, target.containerId, command, signal);
    } catch (error) {
      throw fail((error as Error).message, '');
    }
    if (result.timedOut) throw fail('context deadline exceeded', result.output);
    if (result.exitCode !== 0) throw fail(`command '${command.join(' ')}' exited with ${result.exitCode}: ${result.output}`, result.output);
  }

  private async runHttp(action: NonNullable<LifecycleHandler['httpGet']>, target: HookTarget, signal: AbortSignal): Promise<void> {
    const withPort = action.port === '' ? { ...action, port: 80 } : action;
    const result = await probeHttp(httpRequestOf(withPort, target.container, target.address, lifecycleUserAgent), signal);
    if (result.verdict !== 'failure' || result.output.startsWith('HTTP probe failed with statuscode')) return;
    throw new Error(`HTTP lifecycle hook (${action.path ?? ''}) for Container ${JSON.stringify(target.container.name)} in Pod ${describe(target)} failed - error: ${result.output}`);
  }
}

function describe({ pod }: HookTarget): string {
  return JSON.stringify(`${pod.metadata?.name ?? ''}_${pod.metadata?.namespace ?? ''}(${pod.metadata?.uid ?? ''})`);
}
