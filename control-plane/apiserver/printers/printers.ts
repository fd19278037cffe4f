/** Which printer a kind has. */
import type { KubernetesObject } from '../../../api/meta.ts';
import {
  apiServices, certificateSigningRequests, clusterRoleBindings, componentStatuses, csiDrivers, csiNodes, csiStorageCapacities, flowSchemas,
  ingressClasses, ingresses, mutatingWebhookConfigurations, networkPolicies, priorityClasses, priorityLevelConfigurations, roleBindings,
  runtimeClasses, storageClasses, validatingAdmissionPolicies, validatingAdmissionPolicyBindings, validatingWebhookConfigurations, volumeAttachments,
  configMaps, deployments, endpoints, endpointSlices, events, leases, namespaces, nodes, pods, replicaSets, secrets, serviceAccounts, services,
  type Resource,
} from '../../../api/resources.ts';
import { certificateSigningRequestPrinter, clusterRoleBindingPrinter, roleBindingPrinter } from './access.ts';
import { eventPrinter } from './event.ts';
import { apiServicePrinter, mutatingWebhookPrinter, policyBindingPrinter, policyPrinter, validatingWebhookPrinter } from './extension.ts';
import { endpointSlicePrinter, endpointsPrinter, servicePrinter } from './network.ts';
import { nodePrinter } from './node.ts';
import { podPrinter } from './pod.ts';
import { componentStatusPrinter, flowSchemaPrinter, priorityClassPrinter, priorityLevelPrinter, runtimeClassPrinter } from './policy-levels.ts';
import type { Printer } from './printer.ts';
import { configMapPrinter, leasePrinter, namespacePrinter, plainPrinter, secretPrinter, serviceAccountPrinter } from './records.ts';
import { ingressClassPrinter, ingressPrinter, networkPolicyPrinter } from './routing.ts';
import { csiDriverPrinter, csiNodePrinter, csiStorageCapacityPrinter, storageClassPrinter, volumeAttachmentPrinter } from './storage.ts';
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
register(ingresses, ingressPrinter);
register(ingressClasses, ingressClassPrinter);
register(networkPolicies, networkPolicyPrinter);
register(priorityClasses, priorityClassPrinter);
register(runtimeClasses, runtimeClassPrinter);
register(storageClasses, storageClassPrinter);
register(volumeAttachments, volumeAttachmentPrinter);
register(csiDrivers, csiDriverPrinter);
register(csiNodes, csiNodePrinter);
register(csiStorageCapacities, csiStorageCapacityPrinter);
register(roleBindings, roleBindingPrinter);
register(clusterRoleBindings, clusterRoleBindingPrinter);
register(certificateSigningRequests, certificateSigningRequestPrinter);
register(mutatingWebhookConfigurations, mutatingWebhookPrinter);
register(validatingWebhookConfigurations, validatingWebhookPrinter);
register(validatingAdmissionPolicies, policyPrinter);
register(validatingAdmissionPolicyBindings, policyBindingPrinter);
register(apiServices, apiServicePrinter);
register(flowSchemas, flowSchemaPrinter);
register(priorityLevelConfigurations, priorityLevelPrinter);
register(componentStatuses, componentStatusPrinter);

export function printerOf(resource: Resource): Printer {
  return printers.get(resource) ?? plainPrinter;
}
