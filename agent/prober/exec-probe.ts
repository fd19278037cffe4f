import type { ContainerRuntime, ExecSession } from '../container-runtime/container-runtime.ts';
import { failure, maximumOutputBytes, ProbeError, success, type ProbeResult } from './probe-result.ts';

/** Runs a command in a container: exit code 0 is success. @throws ProbeError when it could not be run. */
export async function probeExec(runtime: Pick<ContainerRuntime, 'exec'>, containerId: string, command: readonly string[], signal: AbortSignal): Promise<ProbeResult> {
  const { exitCode, output, timedOut } = await runCommand(runtime, containerId, command, signal);
  if (timedOut) return failure(`command ${JSON.stringify(command.join(' '))} timed out`);
  return exitCode === 0 ? success(output) : failure(output);
}

export interface CommandResult {
  exitCode: number;
  /** The first 10 KiB of both streams, as they came. */
  output: string;
  timedOut: boolean;
}

/** @throws ProbeError when it could not be run. */
export async function runCommand(runtime: Pick<ContainerRuntime, 'exec'>, containerId: string, command: readonly string[], signal: AbortSignal): Promise<CommandResult> {
  let session: ExecSession;
  try {
    session = await runtime.exec(containerId, { command, stdin: false, tty: false });
  } catch (error) {
    throw new ProbeError((error as Error).message, { cause: error });
  }
  const read = collect(session);
  let onAbort = () => {};
  const aborted = new Promise<'aborted'>((resolve) => {
    onAbort = () => resolve('aborted');
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
  try {
    const exitCode = await Promise.race([session.wait(), aborted]);
    if (exitCode === 'aborted') return { exitCode: -1, output: read(), timedOut: true };
    return { exitCode, output: read(), timedOut: false };
  } catch (error) {
    throw new ProbeError((error as Error).message, { cause: error });
  } finally {
    signal.removeEventListener('abort', onAbort);
    session.close();
  }
}

/** Reads both streams to their ends, keeping the beginning. @returns gives what came so far. */
function collect(session: ExecSession): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for (const stream of [session.stdout, session.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      if (bytes >= maximumOutputBytes) return;
      chunks.push(chunk);
      bytes += chunk.length;
    });
    // A broken stream is told by wait().
    stream?.on('error', () => {});
  }
  return () => Buffer.concat(chunks).subarray(0, maximumOutputBytes).toString();
}
