/**
 * Requests that nobody should send, a hundred thousand of them: each gets an answer that is its own fault, a refusal changes
 * nothing, and the memory does not grow.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Status } from '../../../../api/meta.ts';
import { namespaces, resources, serviceAccounts, type Resource } from '../../../../api/resources.ts';
import { silentLogger } from '../../../../machinery/logger.ts';
import { FakeClock } from '../../../../machinery/testing/fake-clock.ts';
import { buildApp } from '../../../apiserver/app.ts';
import { LongRunningRequests } from '../../../apiserver/long-running-requests.ts';
import { createRegistry, type GenericRegistry } from '../../../registry/generic-registry.ts';
import { storageKey } from '../../../storage/keys.ts';
import { createMemoryStore } from '../../../storage/memory-store.ts';
import type { Storage } from '../../../storage/storage.ts';
import { collectionOf, HostileRequests, type HostileRequest } from '../../../testing/hostile-requests.ts';
import { givenName, validObject } from '../../../testing/valid-objects.ts';

const total = 100_000;
/** What a round leaves behind is cleared away before the next. */
const round = 2000;
/** Other ones each day would find more, but nobody could tell why a change failed: name another here to look for more. */
const firstSeed = Number(process.env['BRAMBLE_TEST_SEED'] ?? 1);
const maximumGrowthBytes = 64 * 1024 * 1024;

let app: FastifyInstance;
let registry: GenericRegistry;
let storage: Storage;
let failures: unknown[];
const user = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
const context = { user, fieldManager: 'test', dryRun: false };

/** Time stands still, but nobody waits for it: a pod without its service account is refused at once. */
class ImpatientClock extends FakeClock {
  override sleep(): Promise<void> {
    return Promise.resolve();
  }
}

beforeAll(() => {
  const clock = new ImpatientClock();
  storage = createMemoryStore();
  failures = [];
  registry = createRegistry({ storage, clock, logger: silentLogger, serviceCIDR: '198.18.0.0/24' });
  const logger = { ...silentLogger, error: (_message: string, fields?: object) => { failures = [fields]; } };
  // No watch ever begins: it would wait for a clock that stands still.
  app = buildApp({
    registry, authenticator: { authenticate: () => Promise.resolve(user) }, version: '0.0.0', clock, logger, random: () => 0, longRunning: new LongRunningRequests(0),
  });
});
afterAll(() => app.close());

/** Everything goes; what the requests are about is made again. */
async function reset(): Promise<void> {
  for (const { key, revision } of storage.list('').items) await storage.commit([{ key, expected: revision, object: undefined, durable: false }]);
  await registry.of(namespaces).create(context, undefined, { metadata: { name: 'default' } });
  await registry.of(serviceAccounts).create(context, 'default', { metadata: { name: 'default' } });
  for (const resource of resources) await ensureGiven(resource, 201);
}

/** @param expected code where anything else is a fault of the test. */
async function ensureGiven(resource: Resource, expected?: number): Promise<void> {
  const stored = resource.storedAs ?? resource;
  if (resource.virtual || storage.get(storageKey(stored, stored.namespaced ? 'default' : undefined, givenName(stored)))) return;
  const { statusCode, body } = await app.inject({ method: 'POST', url: collectionOf(stored), headers: { 'content-type': 'application/json' }, payload: JSON.stringify(validObject(stored)) });
  if (expected !== undefined && statusCode !== expected) throw new Error(`${stored.plural}: ${body}`);
}

/** @returns what is wrong with the answer, undefined for nothing. */
async function judge({ method, url, headers, body }: HostileRequest): Promise<string | undefined> {
  const before = storage.revision;
  const response = await app.inject({ method, url, headers, ...(body ? { payload: body } : {}) });
  const { statusCode } = response;
  // A pod that waits for something, and a proxy to nobody: both are right.
  const isRight = (statusCode === 504 && response.json<Status>().reason === 'Timeout') || (statusCode === 503 && url.includes('/proxy'));
  if (statusCode >= 500 && !isRight) return `${statusCode} ${response.body} ${String((failures.at(-1) as { error?: Error } | undefined)?.error?.stack)}`;
  if (statusCode >= 400 && storage.revision !== before) return `${statusCode} changed the store: ${response.body}`;
  if (statusCode >= 400 && method !== 'HEAD' && !/"code": ?\d|code: \d|^k8s\0/.test(response.body)) return `${statusCode} without a Status: ${response.body}`;
  return undefined;
}

function describeRequest(seed: number, { method, url, headers, body }: HostileRequest): string {
  return `seed ${seed}: ${method} ${url} ${JSON.stringify(headers)} ${body?.toString('latin1').slice(0, 2000) ?? ''}`;
}

async function heapBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let turn = 0; turn < 3; turn++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed;
}

describe('hostile requests', () => {
  it('get a 4xx or a right answer, leave the store alone when refused, and leave no memory behind', async () => {
    let accepted = 0;
    let warm = 0;
    for (let seed = firstSeed; seed < firstSeed + total; seed++) {
      if ((seed - firstSeed) % round === 0) await reset();
      // Caches are full after a tenth of the way.
      if (seed - firstSeed === total / 10) warm = await heapBytes();
      const request = new HostileRequests(seed).next();
      await ensureGiven(request.resource);
      const before = storage.revision;
      const fault = await judge(request);
      if (fault !== undefined) expect.fail(`${fault}\n${describeRequest(seed, request)}`);
      if (storage.revision > before) accepted += 1;
    }
    await reset();
    expect(await heapBytes()).toBeLessThan(warm + maximumGrowthBytes);
    // Not all are refused: else they would test nothing behind the first check.
    expect(accepted).toBeGreaterThan(total / 20);
  }, 600_000);
});
