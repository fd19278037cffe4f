/** A flood of one user over HTTP, beside another user and a board; and levels that users make. */
import type { ClientRequest } from 'node:http';
import { Agent, request } from 'node:https';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clusterRoleBindings, flowSchemas, priorityLevelConfigurations } from '../../../../api/resources.ts';
import { eventually } from '../../../../machinery/testing/eventually.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';

let server: StartedApiServer;
let agent: Agent;
const admin = { user: { name: 'admin', groups: ['system:masters'] }, fieldManager: 'test', dryRun: false };

beforeAll(async () => {
  server = await startApiServer({ maxInFlight: 10 });
  agent = new Agent({ keepAlive: true, ca: server.pki.ca, cert: server.pki.admin.certificate, key: server.pki.admin.key });
  const apiGroup = 'rbac.authorization.k8s.io';
  await server.registry.of(clusterRoleBindings).create(admin, undefined, { metadata: { name: 'robots' }, roleRef: { apiGroup, kind: 'ClusterRole', name: 'cluster-admin' }, subjects: [{ apiGroup, kind: 'Group', name: 'robots' }] });
});
afterAll(async () => {
  agent.destroy();
  await server.stop();
});

interface Answer {
  code: number;
  retryAfter: string | undefined;
  /** Uids of the FlowSchema and its level. */
  flow: [unknown, unknown];
}
/** Impersonation checks the administrator, the limits see the user. */
const asUser = (user: string, group: string) => ({ 'impersonate-user': user, 'impersonate-group': group });

function answerTo(outgoing: ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    outgoing.on('response', (response) => {
      response.on('error', reject);
      response.resume();
      const { headers } = response;
      response.on('end', () => resolve({ code: response.statusCode!, retryAfter: headers['retry-after'], flow: [headers['x-kubernetes-pf-flowschema-uid'], headers['x-kubernetes-pf-prioritylevel-uid']] }));
    }).on('error', reject);
  });
}

function send(user: string, group: string, where: string): Promise<Answer> {
  const outgoing = request(`${server.url}${where}`, { agent, headers: asUser(user, group) });
  outgoing.end();
  return answerTo(outgoing);
}
const path = '/api/v1/namespaces/default/configmaps';

/** Holds its place until its body ends. */
function hold(user: string, group: string): { end: () => void; answer: Promise<Answer> } {
  const outgoing = request(`${server.url}${path}`, { agent, method: 'POST', headers: { ...asUser(user, group), 'content-type': 'application/json' } });
  const answer = answerTo(outgoing);
  outgoing.flushHeaders();
  return { end: () => { outgoing.end(JSON.stringify({ metadata: { generateName: 'held-' } })); }, answer };
}

it('answers another user and a board while one user floods, and tells that one to come back', async () => {
  const { metadata: ofSchema } = await server.registry.of(flowSchemas).create(admin, undefined, schema('robots', 'robots', 1500, 'robot-flood', 'robot-quiet'));
  const { metadata: ofLevel } = await server.registry.of(priorityLevelConfigurations).create(admin, undefined, level('robots', { type: 'Queue', queuing: { queues: 2, handSize: 1, queueLengthLimit: 20 } }));
  // Ten take all seats of the level, twenty wait, for the others there is no room.
  const flood = Array.from({ length: 40 }, () => hold('robot-flood', 'robots'));
  const done: Answer[] = [];
  for (const { answer } of flood) void answer.then((one) => done.push(one));
  await eventually(() => expect(done).toHaveLength(10));
  expect(new Set(done.map(({ code, retryAfter }) => `${code} ${retryAfter}`))).toEqual(new Set(['429 1']));
  // Answers and refusals say by what they were matched.
  expect(new Set(done.map(({ flow }) => flow.join()))).toEqual(new Set([`${ofSchema!.uid},${ofLevel!.uid}`]));
  expect((await send('system:node:pi', 'system:nodes', '/api/v1/nodes/pi')).code).toBe(404);

  let quiet: Answer | undefined;
  void send('robot-quiet', 'robots', path).then((answer) => { quiet = answer; });
  const held = flood.values();
  await eventually(() => {
    held.next().value?.end();
    return quiet !== undefined;
  });
  expect(quiet).toMatchObject({ code: 200 });
  // It did not wait behind the twenty.
  expect(done.filter(({ code }) => code === 201).length).toBeLessThan(15);
  for (const { end } of held) end();
  await Promise.all(flood.map(({ answer }) => answer));
  expect(done.filter(({ code }) => code === 201)).toHaveLength(30);
});

it('passes over schemas whose level is missing', async () => {
  const before = await send('stray', 'robots', path);
  await server.registry.of(flowSchemas).create(admin, undefined, schema('dangling', 'none-such', 2, 'stray'));
  await server.registry.of(flowSchemas).create(admin, undefined, schema('found', 'robots', 3, 'stray'));
  const found = await server.registry.of(flowSchemas).get('found', undefined);
  const after = await send('stray', 'robots', path);
  expect(after.flow[0]).toBe(found.metadata?.uid);
  expect(after.flow).not.toEqual(before.flow);
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
