/** How a command ended, as clients read it from the error channel. */
import { newInternalError, StatusError } from '../../../api/errors.ts';
import type { Status } from '../../../api/meta.ts';
import type { StreamClose } from '../../../machinery/stream.ts';

/** An exit code other than 0 is a failure with the code as its cause, which kubectl makes its own exit code. */
export function execStatus({ exitCode, error }: StreamClose): Status {
  if (error !== undefined) return newInternalError(error).status;
  if (!exitCode) return { metadata: {}, status: 'Success' };
  return {
    metadata: {}, status: 'Failure', reason: 'NonZeroExitCode', message: `command terminated with non-zero exit code: ${exitCode}`,
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}

export function failureStatus(error: unknown): Status {
  if (error instanceof StatusError) return error.status;
  return newInternalError(error instanceof Error ? error.message : String(error)).status;
}
