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
import { createRecordStrategy } from './record-strategy.ts';
import type { Strategy } from './strategy.ts';

export function createStrategies(allocations: ServiceAllocations): ReadonlyMap<Resource, Strategy> {
  const strategies: Strategy[] = [
    namespaceStrategy, nodeStrategy, podStrategy, createServiceStrategy(allocations), endpointsStrategy, configMapStrategy, secretStrategy,
    eventStrategy, serviceAccountStrategy, deploymentStrategy, replicaSetStrategy, endpointSliceStrategy, leaseStrategy,
  ];
  const particular = new Map(strategies.map((strategy) => [strategy.resource, strategy]));
  return new Map(resources.map((resource) => [resource, particular.get(resource) ?? createRecordStrategy(resource)]));
}
