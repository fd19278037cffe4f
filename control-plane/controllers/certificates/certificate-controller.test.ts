import { afterEach, beforeEach, expect, it } from 'vitest';
import { certificateSigningRequests } from '../../../api/resources.ts';
import type { Authorizer } from '../../authorization/authorizer.ts';
import { startTestCluster, type TestCluster } from '../testing/test-cluster.ts';
import type { CertificateAuthority } from './certificate-controller.ts';

const minute = 60_000;
const hour = 60 * minute;
const kubelet = 'kubernetes.io/kube-apiserver-client-kubelet';
/** O=system:nodes, CN=system:node:pi */
const request = 'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIc01JR1NBZ0VBTURBeEZUQVRCZ05WQkFvTURITjVjM1JsYlRwdWIyUmxjekVYTUJVR0ExVUVBd3dPYzNsegpkR1Z0T201dlpHVTZjR2t3V1RBVEJnY3Foa2pPUFFJQkJnZ3Foa2pPUFFNQkJ3TkNBQVQxUDNrZmwrNXVYZVc1CkYyMnJ1a0UvTk93czMyMFNXdklzeDBSWU41MzA5c0tqN0FaOXFGYmhVZEdyTGp0RDRNNGFGNEhheFlVSmR3UzUKcThQTS9ueWJvQUF3Q2dZSUtvWkl6ajBFQXdJRFNRQXdSZ0loQU9Ba1hxMlUrZ3ZnZ3FVNUdYendyVEVUUnRqYQoyVUhXSGF5VUJzNkZYZW9LQWlFQWtjS2VCOVRPTmlqdmg1NTJIUkNCZmxDRFFER0lNUmtPak5ndW16WU5UeVE9Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=';
let test: TestCluster;
let allowed: string[];

beforeEach(async () => {
  allowed = [];
  const authority: CertificateAuthority = {
    read: () => Promise.resolve({ commonName: 'system:node:pi', organizations: ['system:nodes'], dnsNames: [], ipAddresses: [], emails: [], uris: [] }),
    sign: () => Promise.reject(new Error('this authority signs nothing')),
  };
  const authorizer: Authorizer = { authorize: (asked) => ({ decision: asked.isResource && allowed.includes(asked.subresource) ? 'allow' : 'no opinion', reason: '' }) };
  test = await startTestCluster({ only: ['certificates'], settings: { certificates: { authority, authorizer } } });
});
afterEach(() => test.stop());

const requests = () => test.client.resource(certificateSigningRequests);
const create = (name: string, signerName: string, usages: string[]) => requests().create({ metadata: { name }, spec: { request, signerName, usages } });
const settle = (name: string, type: string) => requests().modify(name, undefined, (copy) => ({ ...copy, status: { conditions: [{ type, status: 'True', reason: 'Test', message: 'by hand' }] } }), 'approval');
const names = async () => (await requests().list()).items.map(({ metadata }) => metadata?.name);
const conditions = async (name: string) => (await requests().get(name)).status?.conditions?.map(({ type, reason }) => `${type} ${reason}`);

it('forgets what was refused after an hour, and what nobody decided after a day', async () => {
  await create('denied', 'example.com/mine', ['client auth']);
  await create('failed', 'kubernetes.io/kubelet-serving', ['digital signature', 'server auth']);
  await create('pending', 'example.com/mine', ['client auth']);
  await test.settle();
  await settle('denied', 'Denied');
  await settle('failed', 'Approved');
  await test.settle();
  expect(await conditions('failed')).toEqual(['Approved Test', 'Failed SignerValidationFailure']);
  await test.advance(hour - minute, 10 * minute);
  expect(await names()).toEqual(['denied', 'failed', 'pending']);
  await test.advance(2 * minute, minute);
  expect(await names()).toEqual(['pending']);
  await test.advance(22 * hour, hour);
  expect(await names()).toEqual(['pending']);
  await test.advance(hour, minute);
  expect(await names()).toEqual([]);
});

it.each([
  [['nodeclient'], ['digital signature', 'client auth'], undefined],
  [['nodeclient'], ['digital signature', 'key encipherment', 'client auth'], undefined],
  [[], ['digital signature', 'client auth'], 'nobody may'],
  [['nodeclient'], ['digital signature', 'server auth'], 'other usages'],
])('approves nodes by itself: %j %j, but for %s', async (may, usages, problem) => {
  allowed = may;
  await create('node', kubelet, usages);
  await test.settle();
  expect((await conditions('node'))?.[0]).toBe(problem === undefined ? 'Approved AutoApproved' : undefined);
});
