/** What was noted for the client on the way of a request goes out as Warning headers, with errors too. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { addWarnings } from '../responses.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Takes what the client is to be warned of; absent until someone asks for it. */
    warnings?: string[];
  }
}

/** Characters of all warnings of one answer; beyond them each is cut. As k8s.io/apiserver/pkg/endpoints/filters has it. */
const maxWarningLength = 4096;
const cutLength = 256;

/** The sink of a request's warnings. */
export function warningsOf(request: FastifyRequest): string[] {
  return request.warnings ??= [];
}

/** An onSend hook. */
export function sendWarnings(request: FastifyRequest, reply: FastifyReply, payload: unknown, done: (error: null, payload: unknown) => void): void {
  if (request.warnings && request.warnings.length > 0) addWarnings(reply, bounded([...new Set(request.warnings)]));
  done(null, payload);
}

function bounded(warnings: readonly string[]): string[] {
  let total = 0;
  for (const warning of warnings) total += warning.length;
  if (total <= maxWarningLength) return [...warnings];
  return warnings.map((warning) => warning.slice(0, cutLength)).slice(0, maxWarningLength / cutLength);
}
