/** The strategy of every kind. */
import { resources, type Resource } from '../../api/resources.ts';
import { deploymentStrategy } from './apps/deployment/strategy.ts';
import { replicaSetStrategy } from './apps/replica-set/strategy.ts';
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
import { ingressClassStrategy } from './networking/ingress-class/strategy.ts';
import { ingressStrategy } from './networking/ingress/strategy.ts';
import { networkPolicyStrategy } from './networking/network-policy/strategy.ts';
import { runtimeClassStrategy } from './node/runtime-class/strategy.ts';
import { clusterRoleBindingStrategy, clusterRoleStrategy, roleBindingStrategy, roleStrategy } from './rbac/strategies.ts';
import { createRecordStrategy } from './record-strategy.ts';
import { priorityClassStrategy } from './scheduling/priority-class/strategy.ts';
import { csiDriverStrategy } from './storage/csi-driver/strategy.ts';
import { csiNodeStrategy } from './storage/csi-node/strategy.ts';
import { csiStorageCapacityStrategy } from './storage/csi-storage-capacity/strategy.ts';
import { storageClassStrategy } from './storage/storage-class/strategy.ts';
import { volumeAttachmentStrategy } from './storage/volume-attachment/strategy.ts';
import type { Strategy } from './strategy.ts';

export function createStrategies(allocations: ServiceAllocations): ReadonlyMap<Resource, Strategy> {
  const strategies: Strategy[] = [
    namespaceStrategy, nodeStrategy, podStrategy, createServiceStrategy(allocations), endpointsStrategy, configMapStrategy, secretStrategy,
    eventStrategy, serviceAccountStrategy, deploymentStrategy, replicaSetStrategy, endpointSliceStrategy, leaseStrategy,
    ingressStrategy, ingressClassStrategy, networkPolicyStrategy, priorityClassStrategy, runtimeClassStrategy, roleStrategy, roleBindingStrategy,
    clusterRoleStrategy, clusterRoleBindingStrategy, storageClassStrategy, volumeAttachmentStrategy, csiDriverStrategy, csiNodeStrategy,
    csiStorageCapacityStrategy,
  ];
  const particular = new Map(strategies.map((strategy) => [strategy.resource, strategy]));
  return new Map(resources.map((resource) => [resource, particular.get(resource) ?? createRecordStrategy(resource)]));
}
