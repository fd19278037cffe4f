/** Which printer a kind has. */
import type { KubernetesObject } from '../../../api/meta.ts';
import {
  configMaps, deployments, endpoints, endpointSlices, events, leases, namespaces, nodes, pods, replicaSets, secrets, serviceAccounts, services,
  type Resource,
} from '../../../api/resources.ts';
import { eventPrinter } from './event.ts';
import { endpointSlicePrinter, endpointsPrinter, servicePrinter } from './network.ts';
import { nodePrinter } from './node.ts';
import { podPrinter } from './pod.ts';
import type { Printer } from './printer.ts';
import { configMapPrinter, leasePrinter, namespacePrinter, plainPrinter, secretPrinter, serviceAccountPrinter } from './records.ts';
import { deploymentPrinter, replicaSetPrinter } from './workloads.ts';

const printers = new Map<Resource, Printer>();

function register<T extends KubernetesObject>(resource: Resource<T>, printer: Printer<T>): void {
  // The row ties the kind to its type: only objects of the row get to its printer.
  printers.set(resource, printer);
}

register(pods, podPrinter);
register(deployments, deploymentPrinter);
register(replicaSets, replicaSetPrinter);
register(services, servicePrinter);
register(endpoints, endpointsPrinter);
register(endpointSlices, endpointSlicePrinter);
register(nodes, nodePrinter);
register(events, eventPrinter);
register(namespaces, namespacePrinter);
register(configMaps, configMapPrinter);
register(secrets, secretPrinter);
register(serviceAccounts, serviceAccountPrinter);
register(leases, leasePrinter);

export function printerOf(resource: Resource): Printer {
  return printers.get(resource) ?? plainPrinter;
}
