/** The strategy of every kind. */
import { resources, type Resource } from '../../api/resources.ts';
import { timestamp, type Clock } from '../../machinery/clock.ts';
import type { ExpressionCheck } from './admissionregistration/expressions.ts';
import { createMutatingPolicyStrategy, mutatingPolicyBindingStrategy } from './admissionregistration/mutating-policies.ts';
import { createPolicyStrategy, policyBindingStrategy } from './admissionregistration/policies.ts';
import { createMutatingWebhookStrategy, createValidatingWebhookStrategy } from './admissionregistration/webhooks.ts';
import { createApiServiceStrategy } from './apiregistration/api-service/strategy.ts';
import { deploymentStrategy } from './apps/deployment/strategy.ts';
import { replicaSetStrategy } from './apps/replica-set/strategy.ts';
import { createCertificateSigningRequestStrategy } from './certificates/certificate-signing-request/strategy.ts';
import { leaseStrategy } from './coordination/lease/strategy.ts';
import { configMapStrategy } from './core/config-map/strategy.ts';
import { endpointsStrategy } from './core/endpoints/strategy.ts';
import { eventStrategy } from './core/event/strategy.ts';
import { namespaceStrategy } from './core/namespace/strategy.ts';
import { nodeStrategy } from './core/node/strategy.ts';
import { podStrategy } from './core/pod/strategy.ts';
import { secretStrategy } from './core/secret/strategy.ts';
import { serviceAccountStrategy } from './core/service-account/strategy.ts';
import type { ServiceAllocations } from './core/service/service-allocations.ts';
import { createServiceStrategy } from './core/service/strategy.ts';
import { endpointSliceStrategy } from './discovery/endpoint-slice/strategy.ts';
import { flowSchemaStrategy } from './flowcontrol/flow-schema.ts';
import { priorityLevelStrategy } from './flowcontrol/priority-level-configuration.ts';
import { ingressClassStrategy } from './networking/ingress-class/strategy.ts';
import { ingressStrategy } from './networking/ingress/strategy.ts';
import { createIpAddressStrategy } from './networking/ip-address/strategy.ts';
import { networkPolicyStrategy } from './networking/network-policy/strategy.ts';
import { serviceCidrStrategy } from './networking/service-cidr/strategy.ts';
import { runtimeClassStrategy } from './node/runtime-class/strategy.ts';
import { clusterRoleBindingStrategy, clusterRoleStrategy, roleBindingStrategy, roleStrategy } from './rbac/strategies.ts';
import { createDefinitionStrategy } from '../custom-resources/definition-strategy.ts';
import { createRecordStrategy } from './record-strategy.ts';
import { priorityClassStrategy } from './scheduling/priority-class/strategy.ts';
import { csiDriverStrategy } from './storage/csi-driver/strategy.ts';
import { csiNodeStrategy } from './storage/csi-node/strategy.ts';
import { csiStorageCapacityStrategy } from './storage/csi-storage-capacity/strategy.ts';
import { storageClassStrategy } from './storage/storage-class/strategy.ts';
import { volumeAttachmentStrategy } from './storage/volume-attachment/strategy.ts';
import { volumeAttributesClassStrategy } from './storage/volume-attributes-class/strategy.ts';
import type { Strategy } from './strategy.ts';
import { workloadStrategies } from './workload-strategies.ts';

export interface StrategyParts {
  allocations: ServiceAllocations;
  /** Dates what the server says in a status. */
  clock: Pick<Clock, 'now'>;
  /** Of CEL expressions in webhooks and policies. Default: any text will do. */
  checkExpression?: ExpressionCheck;
}

export function createStrategies({ allocations, clock, checkExpression = () => undefined }: StrategyParts): ReadonlyMap<Resource, Strategy> {
  const strategies: Strategy[] = [
    ...workloadStrategies,
    namespaceStrategy, nodeStrategy, podStrategy, createServiceStrategy(allocations), endpointsStrategy, configMapStrategy, secretStrategy,
    eventStrategy, serviceAccountStrategy, deploymentStrategy, replicaSetStrategy, endpointSliceStrategy, leaseStrategy,
    ingressStrategy, ingressClassStrategy, networkPolicyStrategy, serviceCidrStrategy, createIpAddressStrategy(allocations), priorityClassStrategy, runtimeClassStrategy, roleStrategy, roleBindingStrategy,
    clusterRoleStrategy, clusterRoleBindingStrategy, storageClassStrategy, volumeAttachmentStrategy, volumeAttributesClassStrategy, csiDriverStrategy, csiNodeStrategy,
    csiStorageCapacityStrategy, flowSchemaStrategy, priorityLevelStrategy, policyBindingStrategy, createPolicyStrategy(checkExpression), mutatingPolicyBindingStrategy, createMutatingPolicyStrategy(checkExpression),
    createMutatingWebhookStrategy(checkExpression), createValidatingWebhookStrategy(checkExpression), createApiServiceStrategy(clock),
    createCertificateSigningRequestStrategy(clock), createDefinitionStrategy(() => timestamp(clock.now())),
  ];
  const particular = new Map(strategies.map((strategy) => [strategy.resource, strategy]));
  return new Map(resources.map((resource) => [resource, particular.get(resource) ?? createRecordStrategy(resource)]));
}
