import { channels, type BoardStream } from '../../machinery/stream.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { LogOptions } from '../../api/messaging/messages.ts';
import type { ContainerLogOptions, ContainerRuntime } from '../container-runtime/container-runtime.ts';

export function runtimeLogOptions(options: LogOptions, clock: Clock): ContainerLogOptions {
  const since = options.sinceTime !== undefined ? Date.parse(options.sinceTime)
    : options.sinceSeconds !== undefined ? clock.now() - options.sinceSeconds * 1_000 : undefined;
  return {
    // A container that is gone adds nothing to its log.
    follow: options.follow && !options.previous,
    timestamps: options.timestamps,
    ...(options.tailLines === undefined ? {} : { tailLines: options.tailLines }),
    ...(since === undefined || Number.isNaN(since) ? {} : { since }),
  };
}

/** Both outputs of the container, in their order, on the stdout channel. Ends with the log, limitBytes, or the peer. */
export async function pumpLogs(runtime: Pick<ContainerRuntime, 'logs'>, containerId: string, options: { log: ContainerLogOptions; limitBytes: number | undefined }, stream: BoardStream): Promise<void> {
  const abort = new AbortController();
  void stream.closed.then(() => abort.abort(new Error('stream closed')));
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  try {
    for await (const { data } of runtime.logs(containerId, options.log, abort.signal)) {
      const piece = data.length > left ? data.subarray(0, left) : data;
      left -= piece.length;
      await stream.write(channels.stdout, piece);
      if (left <= 0) break;
    }
    stream.close({});
  } catch (error) {
    if (!abort.signal.aborted) stream.close({ error: (error as Error).message });
  } finally {
    abort.abort(new Error('log ended'));
  }
}
