/** Tells errors of Docker's API apart and turns them into the runtime's. */
import { RuntimeError } from '../container-runtime/container-runtime.ts';

/** The HTTP status of an answer of the engine; undefined when it was not reached. */
export function statusCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = (error as Error & { statusCode?: unknown }).statusCode;
  return typeof code === 'number' ? code : undefined;
}

export function isNotFound(error: unknown): boolean {
  return statusCode(error) === 404;
}

export function isNotModified(error: unknown): boolean {
  return statusCode(error) === 304;
}

export function isConflict(error: unknown): boolean {
  return statusCode(error) === 409;
}

/** What the engine said, without dockerode's wrapping: people read it in `kubectl describe`. */
export function engineMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const json = (error as Error & { json?: unknown }).json;
  if (typeof json === 'object' && json !== null && 'message' in json && typeof json.message === 'string') return json.message.trim();
  return error.message.trim();
}

/** Lets RuntimeErrors through and wraps everything else. */
export function runtimeError(reason: string, error: unknown): RuntimeError {
  if (error instanceof RuntimeError) return error;
  return new RuntimeError(reason, engineMessage(error), { cause: error });
}

/** Awaits a call whose goal may have been reached before: not found and not modified count as success. */
export async function alreadyDone(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isNotFound(error) && !isNotModified(error)) throw error;
  }
}
