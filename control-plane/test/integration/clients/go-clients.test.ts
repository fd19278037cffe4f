/** Bodies that client-go 0.36 sent as protobuf, to one server in turn, and what its programs look for in the answers. */
import { Agent, request } from 'node:https';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { configMaps } from '../../../../api/resources.ts';
import { decodeProtobuf } from '../../../apiserver/protobuf/decode-protobuf.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';

const protobuf = 'application/vnd.kubernetes.protobuf';
const sent = {
  /** No grace, and the uid "other" as precondition. */
  deleteOptions: 'azhzAAoYCgdhcHBzL3YxEg1EZWxldGVPcHRpb25zEgsIABIHCgVvdGhlchoAIgA=',
  statefulSet: 'azhzAAoWCgdhcHBzL3YxEgtTdGF0ZWZ1bFNldBLkAQoSCgJkYhIAGgAiACoAMgA4AEIAErsBCAASCwoJCgNhcHASAmRiGlsKGwoAEgAaACIAKgAyADgAQgBaCQoDYXBwEgJkYhI8Eh4KAmRiEgRkYjoxKgBCAGoAcgCAAQCIAQCQAQCiAQAaADIAQgBKAFIAWABgAGgAggEAigEAmgEAwgEAIkEKFAoEZGF0YRIAGgAiACoAMgA4AEIAEiUKDVJlYWRXcml0ZU9uY2USEhIQCgdzdG9yYWdlEgUKAzFHaRoAGgIKACoCZGIyADoCCgBIABoQCAAQABgAIAAoADIAOgBYABoAIgA=',
  subjectAccessReview: 'azhzAAouChdhdXRob3JpemF0aW9uLms4cy5pby92MRITU3ViamVjdEFjY2Vzc1JldmlldxJyChAKABIAGgAiACoAMgA4AEIAElQKHAoHZGVmYXVsdBIDZ2V0GgAiACoEcG9kczIAOgAaBGphbmUiDnN5c3RlbTptYXN0ZXJzKhwKEmV4YW1wbGUuY29tL3Njb3BlcxIGCgFhCgFiMgAaCAgAEgAaACAAGgAiAA==',
  lease: 'azhzAAofChZjb29yZGluYXRpb24uazhzLmlvL3YxEgVMZWFzZRI6ChYKBmxlYWRlchIAGgAiACoAMgA4AEIAEiAKAm1lGgsIoNeF2AYQgJTvOiILCKDXhdgGEICU7zooABoAIgA=',
  /** A copy, with a resource version. */
  configMap: 'azhzAAoPCgJ2MRIJQ29uZmlnTWFwEiEKFgoFdGFrZW4SABoAIgAqADIBMTgAQgAaBwoBYhICAP8aACIA',
};

let server: StartedApiServer;
let agent: Agent;

beforeAll(async () => {
  server = await startApiServer();
  const { ca, admin } = server.pki;
  agent = new Agent({ keepAlive: true, ca, cert: admin.certificate, key: admin.key });
});

afterAll(async () => {
  agent.destroy();
  await server.stop();
});

/** @param message of the answer in the schema table. @param body base64. */
function call(method: string, path: string, message: string, body?: string): Promise<{ code: number; object: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const bytes = body === undefined ? undefined : Buffer.from(body, 'base64');
    const headers = { accept: protobuf, ...(bytes ? { 'content-type': protobuf, 'content-length': bytes.length } : {}) };
    const outgoing = request(`${server.url}${path}`, { method, agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        try {
          expect(response.headers['content-type']).toBe(protobuf);
          const code = response.statusCode ?? 0;
          resolve({ code, object: decodeProtobuf(Buffer.concat(chunks), code < 300 ? message : 'k8s.io.apimachinery.pkg.apis.meta.v1.Status') });
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
    outgoing.on('error', reject);
    outgoing.end(bytes);
  });
}

it('creates an object with objects inside, and deletes it only when it is the one that was meant', async () => {
  const path = '/apis/apps/v1/namespaces/default/statefulsets';
  const message = 'k8s.io.api.apps.v1.StatefulSet';
  const created = await call('POST', path, message, sent.statefulSet);
  expect([created.code, created.object]).toMatchObject([201, {
    apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'db', generation: 1 },
    spec: { replicas: 0, serviceName: 'db', podManagementPolicy: 'OrderedReady', volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, volumeMode: 'Filesystem' } }] },
  }]);
  const refused = await call('DELETE', `${path}/db`, message, sent.deleteOptions);
  expect([refused.code, refused.object]).toMatchObject([409, { reason: 'Conflict', details: { name: 'db', group: 'apps', kind: 'StatefulSet' } }]);
  expect((await call('DELETE', `${path}/db`, 'k8s.io.apimachinery.pkg.apis.meta.v1.Status')).object).toMatchObject({ status: 'Success', details: { name: 'db' } });
});

it('reviews access with what only some authorizers ask for', async () => {
  const review = await call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', 'k8s.io.api.authorization.v1.SubjectAccessReview', sent.subjectAccessReview);
  expect([review.code, review.object]).toMatchObject([201, { spec: { user: 'jane', extra: { 'example.com/scopes': ['a', 'b'] } }, status: { allowed: true } }]);
});

it('keeps the microseconds of a leader', async () => {
  const lease = await call('POST', '/apis/coordination.k8s.io/v1/namespaces/default/leases', 'k8s.io.api.coordination.v1.Lease', sent.lease);
  expect(lease.object['spec']).toEqual({ holderIdentity: 'me', acquireTime: '2026-11-21T10:00:00.123456Z', renewTime: '2026-11-21T10:00:00.123456Z', leaseTransitions: 0 });
});

it('tries to create a copy as it was read, and creates none', async () => {
  const path = '/api/v1/namespaces/default/configmaps';
  const tried = await call('POST', `${path}?dryRun=All`, 'k8s.io.api.core.v1.ConfigMap', sent.configMap);
  expect([tried.code, tried.object['binaryData']]).toEqual([201, { b: 'AP8=' }]);
  const refused = await call('POST', path, 'k8s.io.api.core.v1.ConfigMap', sent.configMap);
  expect([refused.code, refused.object['message']]).toEqual([400, 'resourceVersion should not be set on objects to be created']);
  expect(() => server.registry.of(configMaps).get('taken', 'default')).toThrow('not found');
});
