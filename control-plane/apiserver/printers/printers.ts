/** Which printer a kind has. */
import type { KubernetesObject } from '../../../api/meta.ts';
import {
  apiServices, certificateSigningRequests, clusterRoleBindings, componentStatuses, configMaps, controllerRevisions, cronJobs, csiDrivers,
  csiNodes, csiStorageCapacities, daemonSets, deployments, endpoints, endpointSlices, events, flowSchemas, groupedEvents, horizontalPodAutoscalers, horizontalPodAutoscalersV1,
  ingressClasses, ingresses, ipAddresses, jobs, leases, mutatingAdmissionPolicies, mutatingAdmissionPolicyBindings, mutatingWebhookConfigurations, namespaces, networkPolicies, nodes, persistentVolumeClaims,
  persistentVolumes, podDisruptionBudgets, pods, podTemplates, priorityClasses, priorityLevelConfigurations, replicaSets,
  replicationControllers, resourceQuotas, roleBindings, runtimeClasses, secrets, serviceAccounts, serviceCIDRs, services, statefulSets, storageClasses,
  validatingAdmissionPolicies, validatingAdmissionPolicyBindings, validatingWebhookConfigurations, volumeAttachments, volumeAttributesClasses,
  type Resource,
} from '../../../api/resources.ts';
import { toStored as toAutoscalerV2 } from '../../registry/autoscaling/version-1/conversion.ts';
import { toCoreEvent } from '../../registry/events/grouped-events.ts';
import { certificateSigningRequestPrinter, clusterRoleBindingPrinter, roleBindingPrinter } from './access.ts';
import { cronJobPrinter, horizontalPodAutoscalerPrinter, jobPrinter, podDisruptionBudgetPrinter } from './batch.ts';
import { persistentVolumeClaimPrinter, persistentVolumePrinter, resourceQuotaPrinter } from './claims.ts';
import { eventPrinter } from './event.ts';
import { apiServicePrinter, mutatingPolicyPrinter, mutatingWebhookPrinter, policyBindingPrinter, policyPrinter, validatingWebhookPrinter } from './extension.ts';
import { endpointSlicePrinter, endpointsPrinter, servicePrinter } from './network.ts';
import { nodePrinter } from './node.ts';
import { podPrinter } from './pod.ts';
import { componentStatusPrinter, flowSchemaPrinter, priorityClassPrinter, priorityLevelPrinter, runtimeClassPrinter } from './policy-levels.ts';
import type { Printer } from './printer.ts';
import { configMapPrinter, leasePrinter, namespacePrinter, plainPrinter, secretPrinter, serviceAccountPrinter } from './records.ts';
import { ingressClassPrinter, ingressPrinter, ipAddressPrinter, networkPolicyPrinter, serviceCidrPrinter } from './routing.ts';
import { csiDriverPrinter, csiNodePrinter, csiStorageCapacityPrinter, storageClassPrinter, volumeAttachmentPrinter, volumeAttributesClassPrinter } from './storage.ts';
import {
  controllerRevisionPrinter, daemonSetPrinter, deploymentPrinter, podTemplatePrinter, replicaSetPrinter, replicationControllerPrinter, statefulSetPrinter,
} from './workloads.ts';

const printers = new Map<Resource, Printer>();

function register<T extends KubernetesObject>(resource: Resource<T>, printer: Printer<T>): void {
  // The row ties the kind to its type: only objects of the row get to its printer.
  printers.set(resource, printer);
}

/** The other version of a kind looks the same. */
function shownAs<T extends KubernetesObject, S extends KubernetesObject>(printer: Printer<S>, toStored: (object: T) => S): Printer<T> {
  return { columns: printer.columns, cells: (object, now) => printer.cells(toStored(object), now) };
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
register(serviceCIDRs, serviceCidrPrinter);
register(ipAddresses, ipAddressPrinter);
register(priorityClasses, priorityClassPrinter);
register(runtimeClasses, runtimeClassPrinter);
register(storageClasses, storageClassPrinter);
register(volumeAttachments, volumeAttachmentPrinter);
register(volumeAttributesClasses, volumeAttributesClassPrinter);
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
register(mutatingAdmissionPolicies, mutatingPolicyPrinter);
register(mutatingAdmissionPolicyBindings, policyBindingPrinter);
register(apiServices, apiServicePrinter);
register(flowSchemas, flowSchemaPrinter);
register(priorityLevelConfigurations, priorityLevelPrinter);
register(componentStatuses, componentStatusPrinter);
register(groupedEvents, shownAs(eventPrinter, toCoreEvent));
register(statefulSets, statefulSetPrinter);
register(daemonSets, daemonSetPrinter);
register(controllerRevisions, controllerRevisionPrinter);
register(replicationControllers, replicationControllerPrinter);
register(podTemplates, podTemplatePrinter);
register(jobs, jobPrinter);
register(cronJobs, cronJobPrinter);
register(horizontalPodAutoscalers, horizontalPodAutoscalerPrinter);
register(horizontalPodAutoscalersV1, shownAs(horizontalPodAutoscalerPrinter, toAutoscalerV2));
register(podDisruptionBudgets, podDisruptionBudgetPrinter);
register(persistentVolumes, persistentVolumePrinter);
register(persistentVolumeClaims, persistentVolumeClaimPrinter);
register(resourceQuotas, resourceQuotaPrinter);

/** A custom kind brings its own columns. */
export function printerOf(resource: Resource): Printer {
  return printers.get(resource) ?? resource.custom ?? plainPrinter;
}
