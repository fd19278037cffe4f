/** /metrics, for Prometheus. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AppParts } from '../app-parts.ts';
import { isLongRunning } from '../handlers/resource-handler.ts';
import { booleanValue, type RawQuery } from '../query-options.ts';
import { RequestMetrics } from '../request-metrics.ts';

/** Before all other routes, so that each is counted. */
export function registerMetrics(app: FastifyInstance, parts: Pick<AppParts, 'catalog' | 'clock' | 'longRunning'>, version: string): void {
  const metrics = new RequestMetrics(parts.catalog);
  const source = { startedAt: parts.clock.now(), longRunning: () => parts.longRunning.size, version };
  const underWay = new WeakMap<FastifyRequest, () => void>();
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    if (!isLongRunning(request)) underWay.set(request, metrics.begin(request.info));
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    underWay.get(request)?.();
    // What was no request has no info.
    const info = request.info as typeof request.info | null;
    if (info) metrics.observe(info, reply.statusCode, reply.elapsedTime, info.isResource && booleanValue(request.query as RawQuery, 'dryRun'));
    done();
  });
  app.get('/metrics', (_request, reply) => reply.type('text/plain; version=0.0.4; charset=utf-8').send(metrics.render(source)));
}
