/** The control loops of the cluster: one table, started and stopped together. */
import { setMaxListeners } from 'node:events';
import type { ExtensionContent } from '../aggregation/extension-content.ts';
import type { ApiClient } from '../../machinery/client.ts';
import type { Clock } from '../../machinery/clock.ts';
import { EventRecorder } from '../../machinery/event-recorder.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { ControllerContext, RunnableController } from './controller-context.ts';
import { CertificateController, type CertificateOptions } from './certificates/certificate-controller.ts';
import { ClusterRoleAggregationController } from './cluster-role-aggregation/cluster-role-aggregation-controller.ts';
import { DeploymentController } from './deployment/deployment-controller.ts';
import { DisruptionController } from './disruption/disruption-controller.ts';
import { StaleDisruptionController } from './disruption/stale-disruption-controller.ts';
import { EndpointSliceController } from './endpoint-slice/endpoint-slice-controller.ts';
import { EndpointSliceMirroringController } from './endpoint-slice/endpoint-slice-mirroring-controller.ts';
import { EndpointsController } from './endpoints/endpoints-controller.ts';
import { FlowSchemaController } from './flow-schema/flow-schema-controller.ts';
import { GarbageCollector } from './garbage-collector/garbage-collector.ts';
import { NamespaceController } from './namespace/namespace-controller.ts';
import { NodeIpamController } from './node-ipam/node-ipam-controller.ts';
import type { NodeIpamOptions } from './node-ipam/node-ipam-controller.ts';
import { NodeLifecycleController } from './node-lifecycle/node-lifecycle-controller.ts';
import type { NodeLifecycleOptions } from './node-lifecycle/node-lifecycle-controller.ts';
import { PolicyTypeCheckingController } from './policy-type-checking/policy-type-checking-controller.ts';
import { PodGcController } from './pod-gc/pod-gc-controller.ts';
import type { PodGcOptions } from './pod-gc/pod-gc-controller.ts';
import { replicationControllerKind } from './replica-set/replica-kind.ts';
import { ReplicaSetController } from './replica-set/replica-set-controller.ts';
import { ResourceQuotaController } from './resource-quota/resource-quota-controller.ts';
import { ServiceAccountController } from './service-account/service-account-controller.ts';
import type { ServiceAccountOptions } from './service-account/service-account-controller.ts';
import type { ResourceCatalog } from '../registry/resource-catalog.ts';
import type { SharedInformers } from './shared-informers.ts';
import { ServiceAccountTokenController, type ServiceAccountTokenOptions } from './service-account/service-account-token-controller.ts';
import { ServiceAddressController } from './service-cidr/service-address-controller.ts';
import { ServiceCidrController } from './service-cidr/service-cidr-controller.ts';
import { VolumeProtectionController } from './volume-protection/volume-protection-controller.ts';

export interface ControllerSettings {
  serviceAccount: ServiceAccountOptions;
  /** Absent: Secrets for tokens stay as they are (tests). */
  serviceAccountTokens?: ServiceAccountTokenOptions;
  /** Absent: certificate requests are left alone (tests). */
  certificates?: CertificateOptions;
  nodeIpam: NodeIpamOptions;
  /** Absent: no extension API server keeps anything in a namespace. */
  extensions?: Pick<ExtensionContent, 'deleteFrom'>;
  nodeLifecycle?: NodeLifecycleOptions;
  podGc?: PodGcOptions;
}

type Build = (context: ControllerContext, settings: ControllerSettings) => RunnableController | undefined;

/** Name → how to build it. A new controller is a row here, a folder and its tests. */
export const controllerTable: Readonly<Record<string, Build>> = {
  deployment: (context) => new DeploymentController(context),
  'replica-set': (context) => new ReplicaSetController(context),
  'replication-controller': (context) => new ReplicaSetController(context, replicationControllerKind),
  'endpoint-slice': (context) => new EndpointSliceController(context),
  'endpoint-slice-mirroring': (context) => new EndpointSliceMirroringController(context),
  endpoints: (context) => new EndpointsController(context),
  namespace: (context, { extensions }) => new NamespaceController(context, extensions),
  'garbage-collector': (context) => new GarbageCollector(context),
  'node-lifecycle': (context, settings) => new NodeLifecycleController(context, settings.nodeLifecycle),
  'node-ipam': (context, settings) => new NodeIpamController(context, settings.nodeIpam),
  'service-account': (context, settings) => new ServiceAccountController(context, settings.serviceAccount),
  'service-account-token': (context, { serviceAccountTokens }) => serviceAccountTokens && new ServiceAccountTokenController(context, serviceAccountTokens),
  certificates: (context, { certificates }) => certificates && new CertificateController(context, certificates),
  'cluster-role-aggregation': (context) => new ClusterRoleAggregationController(context),
  'flow-schema': (context) => new FlowSchemaController(context),
  'resource-quota': (context) => new ResourceQuotaController(context),
  'volume-protection': (context) => new VolumeProtectionController(context),
  disruption: (context) => new DisruptionController(context),
  'stale-disruption': (context) => new StaleDisruptionController(context),
  'policy-type-checking': (context) => new PolicyTypeCheckingController(context),
  'service-address': (context) => new ServiceAddressController(context),
  'service-cidr': (context) => new ServiceCidrController(context),
  'pod-gc': (context, settings) => new PodGcController(context, settings.podGc),
};

export interface StartControllersOptions {
  client: ApiClient;
  catalog: ResourceCatalog;
  /** Started here; the caller stops them after the controllers. */
  informers: SharedInformers;
  clock: Clock;
  logger: Logger;
  /** Uniform in [0, 1). */
  random: () => number;
  options: ControllerSettings;
  /** Names of the table. Default: all. */
  only?: readonly string[];
}

export interface RunningControllers {
  /** Resolves when the informers have synced and every controller works. */
  readonly started: Promise<void>;
  /** Resolves when every reconcile under way has finished and waiting events are written. */
  stop(): Promise<void>;
}

/**
 * Builds all controllers, starts the informers, and the controllers when the informers have synced.
 * @throws RangeError when an option is invalid; nothing runs then.
 */
export function startControllers({ client, catalog, informers, clock, logger, random, options, only }: StartControllersOptions): RunningControllers {
  const recorders: EventRecorder[] = [];
  const context: ControllerContext = {
    client, catalog, informers, clock, logger, random,
    recorder(component) {
      const recorder = new EventRecorder({ client, component, clock, logger, random });
      recorders.push(recorder);
      return recorder;
    },
  };
  const controllers = Object.entries(controllerTable)
    .filter(([name]) => only === undefined || only.includes(name))
    .flatMap(([, build]) => build(context, options) ?? []);
  const aborter = new AbortController();
  setMaxListeners(0, aborter.signal);
  informers.start();
  const started = informers.synced().then(() => {
    if (aborter.signal.aborted) return;
    for (const controller of controllers) controller.start(aborter.signal);
    logger.info('Controllers started', { count: controllers.length });
  });
  return {
    started,
    async stop() {
      aborter.abort(new Error('controllers are stopping'));
      await Promise.all(controllers.map((controller) => controller.stop()));
      await Promise.all(recorders.map((recorder) => recorder.stop()));
    },
  };
}
