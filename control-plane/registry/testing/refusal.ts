import { StatusError } from '../../../api/errors.ts';

/** The StatusError that a promise rejects with, or that a function throws; anything else fails the test. */
export async function refusal(attempt: Promise<unknown> | (() => unknown)): Promise<StatusError> {
  try {
    await (typeof attempt === 'function' ? attempt() : attempt);
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error('expected a StatusError, but all went well');
}
