/**
 * The control plane, put together. This file shows the order in which its parts start; they stop in reverse.
 *
 * storage → keys and certificates → registry → NATS → gateway and scheduler (listening, not acting) → API server →
 * what every cluster has → controllers → gateway and scheduler
 */
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Server as TlsServer } from 'node:tls';
import type { ApiClient } from '../machinery/client.ts';
import type { Clock } from '../machinery/clock.ts';
import { EventRecorder } from '../machinery/event-recorder.ts';
import type { Logger } from '../machinery/logger.ts';
import { connectionChannels, StreamDuplex } from '../machinery/stream-duplex.ts';
import { buildApp } from './apiserver/app.ts';
import { FlowConfiguration } from './apiserver/fairness/flow-configuration.ts';
import { openAudit } from './audit/open-audit.ts';
import { ensureBootstrapPolicy } from './authorization/bootstrap-policy/ensure-bootstrap-policy.ts';
import { createAccessControl, type AccessControl } from './authorization/create-access.ts';
import { readOidcOptions } from './authentication/read-oidc-options.ts';
import { createAuthentication, type Authentication } from './authentication/create-authentication.ts';
import { ensureFlowControlObjects } from './controllers/bootstrap/flow-control-objects.ts';
import { ensurePriorityClasses } from './controllers/bootstrap/priority-classes.ts';
import { ensureSystemNamespaces } from './controllers/bootstrap/system-namespaces.ts';
import { ensureServiceCidr } from './controllers/bootstrap/service-cidr.ts';
import { ensureDnsService, ensureKubernetesService } from './controllers/bootstrap/system-services.ts';
import { startControllers } from './controllers/controllers.ts';
import { SharedInformers } from './controllers/shared-informers.ts';
import { BoardGateway } from './gateway/board-gateway.ts';
import { BoardStreams } from './gateway/board-streams.ts';
import { startNatsLink, type NatsLink } from './nats-server/nats-link.ts';
import type { BoardRegistry } from './nats-server/board-registry.ts';
import { defaultRouteAddress, serviceAddresses } from './network-addresses.ts';
import type { ServerOptions } from './options.ts';
import { ServerHealth } from './server-health.ts';
import { CertificateRenewal } from './pki/certificate-renewal.ts';
import { ensurePki, type Pki } from './pki/ensure-pki.ts';
import { writeKubeconfig } from './pki/kubeconfig.ts';
import { machineIdentity } from './pki/machine-identity.ts';
import { createRegistry, type GenericRegistry } from './registry/generic-registry.ts';
import type { ResourceCatalog } from './registry/resource-catalog.ts';
import { createLocalClient } from './registry/local-client.ts';
import { Scheduler, schedulerName } from './scheduler/scheduler.ts';
import { createAdmissionStore } from './admission/admission-store.ts';
import { createServiceDialer } from './admission/webhook/service-dialer.ts';
import { WebhookClient, type ServiceDialer } from './admission/webhook/webhook-client.ts';
import { AggregatedServices } from './aggregation/aggregated-services.ts';
import type { AggregationOptions } from './aggregation/aggregation-proxy.ts';
import { ExtensionContent } from './aggregation/extension-content.ts';
import { ExtensionSwagger } from './aggregation/extension-swagger.ts';
import { AvailabilityController } from './aggregation/availability-controller.ts';
import { LocalApiServices } from './aggregation/local-api-services.ts';
import { ensureExtensionAuthentication, frontProxyName } from './aggregation/extension-authentication.ts';
import { openStorage } from './encryption/open-storage.ts';
import { registerRotation } from './encryption/rotation-route.ts';
import type { LevelStore } from './storage/level/level-store.ts';

export type { ServerOptions };

export interface ServerDependencies {
  clock: Clock;
  logger: Logger;
  /** In [0, 1). Default: the system's. */
  random?: () => number;
}

/** The control plane cannot start here. The message says what to do. */
export class ServerStartError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ServerStartError';
  }
}

export interface RunningServer {
  kubeconfigPath: string;
  /** The API as a controller sees it. */
  client: ApiClient;
  boards: BoardRegistry;
  /** Of the managed nats-server, undefined while it is being restarted. */
  readonly natsServerPid: number | undefined;
  /** Ends everything, in reverse order. What was acknowledged is on disk. */
  stop(): Promise<void>;
}

interface Context {
  options: ServerOptions;
  clock: Clock;
  logger: Logger;
  random: () => number;
  pkiDirectory: string;
  bindAddress: string;
  advertiseAddress: string;
  addresses: { kubernetes: string; dns: string };
  /** The way to pods, once NATS is there. */
  boardStreams?: BoardStreams;
  health: ServerHealth;
  /** What runs, oldest first. */
  stops: { name: string; stop: () => Promise<void> | void }[];
}

/**
 * Resolves when the API answers and everything works.
 * @throws when a part does not start; then nothing runs.
 */
export async function startServer(options: ServerOptions, { clock, logger, random = systemRandom }: ServerDependencies): Promise<RunningServer> {
  await mkdir(join(options.dataDir, 'server'), { recursive: true, mode: 0o700 });
  const context: Context = {
    options, clock, logger, random,
    pkiDirectory: join(options.dataDir, 'server', 'pki'),
    bindAddress: options.bindAddress ?? '0.0.0.0',
    advertiseAddress: options.advertiseAddress ?? await defaultRouteAddress(),
    addresses: serviceAddresses(options.serviceCIDR),
    health: new ServerHealth(),
    stops: [],
  };
  try {
    return await startParts(context);
  } catch (error) {
    await stopAll(context);
    throw error;
  }
}

async function startParts(context: Context): Promise<RunningServer> {
  const { options, clock, logger, random } = context;
  const storage = await openStorage(options, { clock, logger });
  context.stops.push({ name: 'storage', stop: () => storage.close() });
  const pki = await ensureKeys(context);
  const access = createAccessControl(storage);
  context.stops.push({ name: 'access control', stop: () => access.stop() });
  const authentication = await createAuthentication({
    storage, clock, keyDirectory: context.pkiDirectory, issuer: `https://kubernetes.default.svc.${options.clusterDomain}`, newId: randomUUID,
    keySetUrl: `https://${context.advertiseAddress}:${options.apiPort}/openid/v1/jwks`,
    ...await readOidcOptions(options),
  });
  const registry = startRegistry(context, storage, access);
  const client = createLocalClient(registry, { name: 'system:bramble', groups: ['system:masters'] });
  const nats = await startNats(context, pki);
  const recorder = (component: string): EventRecorder => {
    const made = new EventRecorder({ client, component, clock, logger, random });
    context.stops.push({ name: `events of ${component}`, stop: () => made.stop() });
    return made;
  };
  const informers = new SharedInformers({ client, clock, logger });
  context.stops.push({ name: 'informers', stop: () => informers.stop() });
  const gateway = new BoardGateway({
    connection: nats.connection, client, informers, recorder: recorder('kubelet'), clock, logger: logger.child({ component: 'board-gateway' }), newEpoch: newToken,
    tokens: authentication.accounts,
    network: { clusterCIDR: options.clusterCIDR, serviceCIDR: options.serviceCIDR, dnsAddress: context.addresses.dns, clusterDomain: options.clusterDomain },
  });
  const scheduler = new Scheduler({ client, informers, recorder: recorder(schedulerName), clock, logger: logger.child({ component: 'scheduler' }), random });

  await ensureSystemNamespaces(client);
  await ensurePriorityClasses(client);
  await ensureServiceCidr(client, options.serviceCIDR);
  await ensureFlowControlObjects(client);
  await ensureBootstrapPolicy(client);
  const aggregation = await prepareAggregation(context, { pki, client, storage, catalog: registry.catalog });
  const app = await startApiServer(context, { pki, registry, nats, access, authentication, storage, aggregation });
  await ensureKubernetesService(client, { clusterIP: context.addresses.kubernetes, addresses: [context.advertiseAddress], port: options.apiPort });
  await ensureDnsService(client, { clusterIP: context.addresses.dns });
  const controllers = startControllers({
    client, catalog: registry.catalog, informers, clock, logger, random,
    options: {
      serviceAccount: { caCertificate: pki.ca },
      serviceAccountTokens: { caCertificate: pki.ca, issueLegacy: (account, secret) => authentication.accounts.issueLegacy(account, secret) },
      certificates: { authority: pki.requests, authorizer: access.authorizer }, nodeIpam: { clusterCidr: options.clusterCIDR }, extensions: new ExtensionContent({ ...aggregation, clock }),
    },
  });
  context.stops.push({ name: 'controllers', stop: () => controllers.stop() });
  await controllers.started;
  gateway.start();
  context.stops.push({ name: 'board gateway', stop: () => gateway.stop() });
  scheduler.start();
  context.stops.push({ name: 'scheduler', stop: () => scheduler.stop() });
  if (options.boardName !== undefined) await nats.boards.ensureBoard(options.boardName);
  const kubeconfigPath = await writeAdminKubeconfig(context, pki);
  startRenewal(context, { pki, app, nats });
  void informers.synced().then(() => context.health.started());
  logger.info('Control plane is ready', { api: `https://127.0.0.1:${options.apiPort}`, kubeconfig: kubeconfigPath });
  return {
    kubeconfigPath, client, boards: nats.boards,
    get natsServerPid() { return nats.serverPid; },
    stop: () => stopAll(context),
  };
}

async function ensureKeys({ options, pkiDirectory, clock, advertiseAddress, addresses }: Context): Promise<Pki> {
  const identity = machineIdentity();
  return ensurePki({
    directory: pkiDirectory, clock, names: identity.names, clusterDomain: options.clusterDomain,
    addresses: [...new Set([addresses.kubernetes, advertiseAddress, ...identity.addresses])],
  });
}

function startRegistry(context: Context, storage: LevelStore, access: AccessControl): GenericRegistry {
  const { options, clock, logger, stops } = context;
  const { nodePortRange } = options;
  const webhookClient = startWebhookClient(context, storage);
  const registry = createRegistry({
    storage, clock, logger, access, serviceCIDR: options.serviceCIDR, webhooks: { client: webhookClient },
    ...(nodePortRange ? { nodePortRange: `${nodePortRange.from}-${nodePortRange.to}` } : {}),
  });
  registry.start();
  stops.push({ name: 'registry', stop: () => registry.stop() });
  return registry;
}

async function prepareAggregation(context: Context, { pki, client, storage, catalog }: { pki: Pki; client: ApiClient; storage: LevelStore; catalog: ResourceCatalog }): Promise<AggregationOptions> {
  const services = new AggregatedServices(storage);
  const options = { services, dial: serviceDialer(context, storage), frontProxy: await pki.issueClient(frontProxyName, []) };
  await ensureExtensionAuthentication(client, pki.ca);
  const logger = context.logger.child({ component: 'aggregation' });
  const local = new LocalApiServices({ client, catalog, logger });
  await local.start();
  const controller = new AvailabilityController({
    ...options, aggregated: services, client, storage, store: createAdmissionStore(storage), clock: context.clock, logger,
  });
  controller.start();
  services.swagger = new ExtensionSwagger({ ...options, clock: context.clock, logger });
  context.stops.push({ name: 'aggregation', stop: async () => {
    await local.stop();
    await controller.stop();
    services.stop();
  } });
  return options;
}

function startWebhookClient(context: Context, storage: LevelStore): WebhookClient {
  const client = new WebhookClient(serviceDialer(context, storage));
  context.stops.push({ name: 'webhooks', stop: () => client.stop() });
  return client;
}

function serviceDialer(context: Context, storage: LevelStore): ServiceDialer {
  return createServiceDialer({
    store: createAdmissionStore(storage), random: context.random,
    openPort: async (pod, port) => {
      if (!context.boardStreams) throw new Error('the control plane is starting');
      return new StreamDuplex(await context.boardStreams.openPort(pod, port), connectionChannels.client);
    },
  });
}

async function startNats({ options, clock, logger, random, bindAddress, pkiDirectory, stops }: Context, { ca }: Pki): Promise<NatsLink> {
  const nats = await startNatsLink({
    dataDir: options.dataDir, pkiDirectory, ca, host: bindAddress, port: options.natsPort, url: options.natsUrl,
    binary: options.natsServerBinary, clock, logger: logger.child({ component: 'nats' }), random,
  });
  stops.push({ name: 'NATS', stop: () => nats.stop() });
  return nats;
}

interface ServedParts {
  pki: Pki;
  registry: GenericRegistry;
  nats: NatsLink;
  access: AccessControl;
  authentication: Authentication;
  storage: LevelStore;
  aggregation: AggregationOptions;
}

async function startApiServer(context: Context, { pki, registry, nats, access, authentication, storage, aggregation }: ServedParts): Promise<ReturnType<typeof buildApp>> {
  const { options, clock, logger, random, bindAddress, stops } = context;
  const boardStreams = new BoardStreams({ connection: nats.connection, clock, newId: newToken });
  context.boardStreams = boardStreams;
  const audit = options.auditPolicyFile === undefined ? undefined
    : await openAudit({ policyFile: options.auditPolicyFile, logPath: options.auditLogPath, maxMegabytes: options.auditLogMaxSize, maxBackups: options.auditLogMaxBackup, dataDir: options.dataDir, clock, logger, newId: randomUUID });
  if (audit) stops.push({ name: 'audit log', stop: audit.stop });
  const flows = new FlowConfiguration(storage);
  stops.push({ name: 'flow configuration', stop: () => flows.stop() });
  const app = buildApp({
    registry, authenticator: authentication.authenticator, tokens: authentication.tokens, authorizer: access.authorizer, version: options.version, clock, random,
    logger: logger.child({ component: 'api-server' }),
    tls: { certificate: pki.apiServer.certificate, key: pki.apiServer.key, clientCa: pki.ca },
    boardStreams, aggregation, flows, health: context.health.checks({ storage, nats: nats.connection }), ...(audit ? { audit: audit.audit } : {}),
  });
  registerRotation(app, { rotate: () => storage.rotateEncryption(logger) });
  stops.push({ name: 'API server', stop: () => app.close() });
  try {
    await app.listen({ host: bindAddress, port: options.apiPort });
    return app;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
    const why = code === 'EACCES' ? 'may not be opened by this user' : 'is in use';
    throw new ServerStartError(`port ${options.apiPort} of the Kubernetes API ${why}; name another with --api-port`, { cause: error });
  }
}

function startRenewal(context: Context, { pki, app, nats }: { pki: Pki; app: ReturnType<typeof buildApp>; nats: NatsLink }): void {
  const renewal = new CertificateRenewal({
    current: pki, ensure: () => ensureKeys(context), logger: context.logger.child({ component: 'certificates' }),
    apply: {
      apiServer: ({ apiServer, ca }) => {
        if (app.server instanceof TlsServer) app.server.setSecureContext({ cert: apiServer.certificate, key: apiServer.key, ca });
      },
      admin: async (fresh) => { await writeAdminKubeconfig(context, fresh); },
      nats: () => nats.reload(),
    },
  });
  renewal.start();
  context.stops.push({ name: 'certificate renewal', stop: () => renewal.stop() });
}

async function writeAdminKubeconfig({ options }: Context, { ca, admin }: Pki): Promise<string> {
  const path = join(options.dataDir, 'kubeconfig');
  await writeKubeconfig(path, { server: `https://127.0.0.1:${options.apiPort}`, ca, cert: admin.certificate, key: admin.key });
  return path;
}

/** One part that does not stop keeps no other from stopping. */
async function stopAll({ stops, logger, health }: Context): Promise<void> {
  health.stopping();
  for (const { name, stop } of stops.splice(0).reverse()) {
    try {
      await stop();
    } catch (error) {
      logger.error('A part did not stop cleanly', { name, error });
    }
  }
}

/** 48 random bits as a fraction. */
function systemRandom(): number {
  const range = 2 ** 47;
  return randomInt(range) / range;
}

/** 128 random bits: letters and digits only. */
function newToken(): string {
  return randomBytes(16).toString('hex');
}
