/** Certificate requests, from kubectl to a certificate that the API server takes. */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CertificateSigningRequest } from '../../../../api/certificates.ts';
import { certificateSigningRequests, clusterRoleBindings } from '../../../../api/resources.ts';
import { systemClock } from '../../../../machinery/clock.ts';
import { silentLogger } from '../../../../machinery/logger.ts';
import { eventually } from '../../../../machinery/testing/eventually.ts';
import { createAccessControl, type AccessControl } from '../../../authorization/create-access.ts';
import { startControllers, type RunningControllers } from '../../../controllers/controllers.ts';
import { SharedInformers } from '../../../controllers/shared-informers.ts';
import { createLocalClient } from '../../../registry/local-client.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';

const run = promisify(execFile);
let server: StartedApiServer;
let informers: SharedInformers;
let controllers: RunningControllers;
let access: AccessControl;

beforeAll(async () => {
  server = await startApiServer();
  access = createAccessControl(server.storage);
  const client = createLocalClient(server.registry, { name: 'system:controllers', groups: ['system:masters'] });
  informers = new SharedInformers({ client, clock: systemClock, logger: silentLogger });
  controllers = startControllers({
    client, informers, catalog: server.registry.catalog, clock: systemClock, logger: silentLogger, random: Math.random, only: ['certificates'],
    options: { serviceAccount: { caCertificate: server.pki.ca }, nodeIpam: { clusterCidr: '198.18.0.0/16' }, certificates: { authority: server.pki.requests, authorizer: access.authorizer } },
  });
  await controllers.started;
});
afterAll(async () => {
  await controllers.stop();
  informers.stop();
  access.stop();
  await server.stop();
});

const kubectl = async (...args: string[]) => (await run('kubectl', ['--kubeconfig', server.kubeconfig, ...args])).stdout;

async function request(name: string, subject: string, spec: Partial<CertificateSigningRequest['spec']>): Promise<{ key: string }> {
  const key = join(server.directory, `${name}.key`);
  const file = join(server.directory, `${name}.csr`);
  await run('openssl', ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', file, '-subj', subject]);
  const object = {
    apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name },
    spec: { signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'], request: (await readFile(file)).toString('base64'), ...spec },
  };
  const manifest = join(server.directory, `${name}.json`);
  await writeFile(manifest, JSON.stringify(object));
  await kubectl('create', '-f', manifest, ...(name.startsWith('node') ? ['--as', 'system:bootstrap:abcdef', '--as-group', 'system:bootstrappers'] : []));
  return { key };
}
const stored = (name: string) => server.registry.of(certificateSigningRequests).get(name) as CertificateSigningRequest;

it('signs what kubectl approves, and the API server knows its owner', async () => {
  const { key } = await request('jane', '/CN=jane/O=team', { expirationSeconds: 3600 });
  await kubectl('certificate', 'approve', 'jane');
  await eventually(() => expect(stored('jane').status?.certificate).toBeTruthy());
  const certificate = Buffer.from(stored('jane').status!.certificate!, 'base64').toString();
  const parsed = new X509Certificate(certificate);
  expect(Date.parse(parsed.validTo) - Date.now()).toBeLessThan(3_601_000);
  const config = join(server.directory, 'jane-config');
  await writeFile(config, (await readFile(server.kubeconfig, 'utf8'))
    .replace(/client-certificate-data: .*/, `client-certificate-data: ${Buffer.from(certificate).toString('base64')}`)
    .replace(/client-key-data: .*/, `client-key-data: ${(await readFile(key)).toString('base64')}`));
  const { stdout } = await run('kubectl', ['--kubeconfig', config, 'auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username} {.status.userInfo.groups}']);
  expect(stdout).toBe('jane ["team","system:authenticated"]');
});

it('signs nothing that is denied, and nothing against the rules of its signer', async () => {
  await request('denied', '/CN=jane', {});
  await kubectl('certificate', 'deny', 'denied');
  await request('wrong', '/CN=jane', { signerName: 'kubernetes.io/kubelet-serving', usages: ['digital signature', 'server auth'] });
  await kubectl('certificate', 'approve', 'wrong');
  await eventually(() => expect(stored('wrong').status?.conditions?.at(-1)).toMatchObject({ type: 'Failed', reason: 'SignerValidationFailure', message: 'subject organization is not system:nodes' }));
  expect(stored('denied').status?.certificate).toBeUndefined();
});

it('approves by itself what nodes may ask for', async () => {
  const client = createLocalClient(server.registry, { name: 'admin', groups: ['system:masters'] });
  for (const name of ['system:node-bootstrapper', 'system:certificates.k8s.io:certificatesigningrequests:nodeclient']) {
    await client.resource(clusterRoleBindings).create({
      metadata: { name: `test:${name}` }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:bootstrappers' }],
    });
  }
  await request('node-pi', '/O=system:nodes/CN=system:node:pi', { signerName: 'kubernetes.io/kube-apiserver-client-kubelet', usages: ['digital signature', 'client auth'] });
  await eventually(() => expect(stored('node-pi').status?.certificate).toBeTruthy());
  expect(stored('node-pi').status?.conditions?.[0]).toMatchObject({ type: 'Approved', reason: 'AutoApproved', message: 'Auto approving kubelet client certificate after SubjectAccessReview.' });
});
