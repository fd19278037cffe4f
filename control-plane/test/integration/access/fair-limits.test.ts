/** A flood of one user over HTTP, beside another user and a board; and levels that users make. */
import { Agent, request } from 'node:https';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { configMaps, flowSchemas, priorityLevelConfigurations, serviceAccounts } from '../../../../api/resources.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';

let server: StartedApiServer;
let agent: Agent;
const admin = { user: { name: 'admin', groups: ['system:masters'] }, fieldManager: 'test', dryRun: false };

beforeAll(async () => {
  server = await startApiServer({ maxInFlight: 10 });
  agent = new Agent({ keepAlive: true, ca: server.pki.ca, cert: server.pki.admin.certificate, key: server.pki.admin.key });
  for (const name of ['one', 'two']) await server.registry.of(serviceAccounts).create(admin, 'default', { metadata: { name } });
  for (let index = 0; index < 200; index++) await server.registry.of(configMaps).create(admin, 'default', { metadata: { name: `map-${index}` }, data: { text: 'x'.repeat(500) } });
});
afterAll(async () => {
  agent.destroy();
  await server.stop();
});

interface Answer {
  code: number;
  retryAfter: string | undefined;
  ms: number;
}
/** Impersonation checks the administrator, the limits see the user. */
function send(user: string, group: string, path: string): Promise<Answer> {
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    request(`${server.url}${path}`, { agent, headers: { 'impersonate-user': user, 'impersonate-group': group } }, (response) => {
      response.on('error', reject);
      response.resume();
      response.on('end', () => resolve({ code: response.statusCode!, retryAfter: response.headers['retry-after'], ms: performance.now() - begun }));
    }).on('error', reject).end();
  });
}
const path = '/api/v1/namespaces/default/configmaps';
const slowest = (answers: readonly Answer[]) => Math.max(...answers.map(({ ms }) => ms));

it('answers another user and a board while one user floods, and tells that one to come back', async () => {
  await server.registry.of(flowSchemas).create(admin, undefined, schema('robots', 'robots', 1500, 'robot-flood', 'robot-quiet'));
  await server.registry.of(priorityLevelConfigurations).create(admin, undefined, level('robots', { type: 'Queue', queuing: { queues: 2, handSize: 1, queueLengthLimit: 20 } }));
  const flood = Promise.all(Array.from({ length: 300 }, () => send('robot-flood', 'system:masters-not', path)));
  const others: Answer[] = [];
  for (let count = 0; count < 5; count++) others.push(await send('robot-quiet', 'none', path), await send('system:node:pi', 'system:nodes', '/api/v1/nodes/pi'));
  const flooded = await flood;
  expect(others.map(({ code }) => code).filter((code) => code === 429)).toEqual([]);
  const refused = flooded.filter(({ code }) => code === 429);
  expect(refused.length).toBeGreaterThan(0);
  expect(new Set(refused.map(({ retryAfter }) => retryAfter))).toEqual(new Set(['1']));
  expect(slowest(others)).toBeLessThan(slowest(flooded));
});

function schema(name: string, levelName: string, matchingPrecedence: number, ...users: string[]) {
  return { metadata: { name }, spec: {
    matchingPrecedence, priorityLevelConfiguration: { name: levelName }, distinguisherMethod: { type: 'ByUser' },
    rules: [{ subjects: users.map((user) => ({ kind: 'User', user: { name: user } })), resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true }] }],
  } };
}
function level(name: string, limitResponse: object) {
  return { metadata: { name }, spec: { type: 'Limited', limited: { nominalConcurrencyShares: 1, lendablePercent: 0, limitResponse } } } as never;
}
