/** /livez, /readyz and /healthz, with their checks below them and `?verbose`. Follows k8s.io/apiserver/pkg/server/healthz. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../../../machinery/logger.ts';
import { allValues, type RawQuery } from '../query-options.ts';

export interface HealthCheck {
  /** One path segment. */
  name: string;
  /** Throws, or rejects, when it does not hold; why is for the log. */
  check(): void | Promise<void>;
}

export interface HealthChecks {
  /** The process is worth keeping. */
  live: readonly HealthCheck[];
  /** The server can take requests; includes what it needs (storage, NATS). */
  ready: readonly HealthCheck[];
}

export const ping: HealthCheck = { name: 'ping', check: () => {} };

export function registerHealth(app: FastifyInstance, checks: HealthChecks, logger: Logger): void {
  const sets = { livez: [ping, ...checks.live], readyz: [ping, ...checks.ready], healthz: [ping, ...checks.live] };
  for (const [name, set] of Object.entries(sets)) {
    app.get(`/${name}`, (request, reply) => answer({ name, set, request, reply, logger }));
    app.get<{ Params: { check: string } }>(`/${name}/:check`, (request, reply) => {
      const one = set.filter((check) => check.name === request.params.check);
      if (one.length === 0) return reply.callNotFound();
      return answer({ name, set: one, request, reply, logger });
    });
  }
}

interface HealthRequest {
  name: string;
  set: readonly HealthCheck[];
  request: FastifyRequest;
  reply: FastifyReply;
  logger: Logger;
}

async function answer({ name, set, request, reply, logger }: HealthRequest): Promise<FastifyReply> {
  const query = request.query as RawQuery;
  const excluded = allValues(query, 'exclude');
  const unmatched = new Set(excluded);
  const lines: string[] = [];
  let healthy = true;
  for (const check of set) {
    unmatched.delete(check.name);
    if (excluded.includes(check.name)) {
      lines.push(`[+]${check.name} excluded: ok`);
      continue;
    }
    try {
      await check.check();
      lines.push(`[+]${check.name} ok`);
    } catch (error) {
      healthy = false;
      logger.warn('health check failed', { endpoint: name, check: check.name, error });
      lines.push(`[-]${check.name} failed: reason withheld`);
    }
  }
  if (unmatched.size > 0) lines.push(`warn: some health checks cannot be excluded: no matches for ${[...unmatched].sort().map((name) => JSON.stringify(name)).join(',')}`);
  reply.header('x-content-type-options', 'nosniff').type('text/plain; charset=utf-8');
  if (!healthy) return reply.code(500).send(`${lines.join('\n')}\n${name} check failed\n`);
  return reply.send(query['verbose'] === undefined ? 'ok' : `${lines.join('\n')}\n${name} check passed\n`);
}
