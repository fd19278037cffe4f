/** A real API server on a free port, with its own certificates and a kubeconfig, over the store the test gives. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { namespaces, serviceAccounts } from '../../../api/resources.ts';
import { systemClock } from '../../../machinery/clock.ts';
import { silentLogger, type Logger } from '../../../machinery/logger.ts';
import { buildApp, type AppOptions } from '../../apiserver/app.ts';
import { ensureFlowControlObjects } from '../../controllers/bootstrap/flow-control-objects.ts';
import { FlowConfiguration } from '../../apiserver/fairness/flow-configuration.ts';
import { LongRunningRequests } from '../../apiserver/long-running-requests.ts';
import { ensureBootstrapPolicy } from '../../authorization/bootstrap-policy/ensure-bootstrap-policy.ts';
import { createAccessControl } from '../../authorization/create-access.ts';
import { createLocalClient } from '../../registry/local-client.ts';
import { createAuthentication } from '../../authentication/create-authentication.ts';
import type { OidcOptions } from '../../authentication/oidc-authenticator.ts';
import { ensurePki, type Pki } from '../../pki/ensure-pki.ts';
import { writeKubeconfig } from '../../pki/kubeconfig.ts';
import { createRegistry, type GenericRegistry } from '../../registry/generic-registry.ts';
import { createMemoryStore } from '../../storage/memory-store.ts';
import type { Storage } from '../../storage/storage.ts';

export interface StartedApiServer {
  /** `https://127.0.0.1:PORT` */
  url: string;
  port: number;
  pki: Pki;
  registry: GenericRegistry;
  storage: Storage;
  /** Watches, followed logs and commands under way. */
  longRunning(): number;
  /** Of the administrator. */
  kubeconfig: string;
  /** Temporary, removed by stop(). */
  directory: string;
  stop(): Promise<void>;
}

export interface StartOptions extends Partial<Pick<AppOptions, 'aggregation' | 'audit' | 'boardStreams' | 'health' | 'maxInFlight' | 'clock'>> {
  /** Default: a memory store. */
  storage?: Storage;
  logger?: Logger;
  oidc?: OidcOptions;
}

export async function startApiServer(options: StartOptions = {}): Promise<StartedApiServer> {
  const { storage = createMemoryStore(), logger = silentLogger, clock = systemClock, oidc, ...rest } = options;
  const directory = await mkdtemp(join(tmpdir(), 'api-server-'));
  const pki = await ensurePki({ directory: join(directory, 'pki'), names: [], addresses: ['198.18.0.1'], clock });
  const access = createAccessControl(storage);
  const authentication = await createAuthentication({
    storage, clock, keyDirectory: join(directory, 'pki'), issuer: 'https://kubernetes.default.svc.cluster.local', keySetUrl: 'https://127.0.0.1/openid/v1/jwks', newId: randomUUID, ...(oidc ? { oidc } : {}),
  });
  const registry = createRegistry({ storage, clock, logger, access, serviceCIDR: '198.18.0.0/24' });
  registry.start();
  const context = { user: { name: 'system:apiserver', groups: ['system:masters'] }, fieldManager: 'test', dryRun: false };
  await registry.of(namespaces).create(context, undefined, { metadata: { name: 'default' } });
  await registry.of(serviceAccounts).create(context, 'default', { metadata: { name: 'default' } });
  for (const name of ['kube-system', 'kube-public']) await registry.of(namespaces).create(context, undefined, { metadata: { name } });
  const client = createLocalClient(registry, context.user);
  await ensureFlowControlObjects(client);
  await ensureBootstrapPolicy(client);
  const longRunning = new LongRunningRequests(1000);
  const flows = new FlowConfiguration(storage);
  const app = buildApp({
    ...rest, flows, longRunning, registry, logger, clock, version: '0.0.0-test', random: Math.random, authenticator: authentication.authenticator, tokens: authentication.tokens, authorizer: access.authorizer,
    tls: { certificate: pki.apiServer.certificate, key: pki.apiServer.key, clientCa: pki.ca },
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const url = `https://127.0.0.1:${port}`;
  const kubeconfig = join(directory, 'kubeconfig');
  await writeKubeconfig(kubeconfig, { server: url, ca: pki.ca, cert: pki.admin.certificate, key: pki.admin.key });
  return {
    url, port, pki, registry, storage, kubeconfig, directory,
    longRunning: () => longRunning.size,
    stop: async () => {
      await app.close();
      await registry.stop();
      access.stop();
      flows.stop();
      await storage.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
