/**
 * Roles of the controllers. Here they run inside the control plane and need none; operators and add-ons bind these roles to
 * accounts of their own. Each is bound to the account of kube-system that has its name. Follows bootstrappolicy/controller_policy.
 */
import type { ClusterRole, ClusterRoleBinding, PolicyRule } from '../../../api/rbac.ts';
import { clusterBinding, clusterRole, eventsRule, read, rule, toAccount } from './policy-objects.ts';

const prefix = 'system:controller:';
const podControl = rule('create delete list patch watch', 'core', 'pods');

const rules: Readonly<Record<string, readonly PolicyRule[]>> = {
  'attachdetach-controller': [
    rule('list watch', 'core', 'persistentvolumeclaims persistentvolumes'), rule(read, 'core', 'nodes'), rule('patch update', 'core', 'nodes/status'), rule('list watch', 'core', 'pods'),
    eventsRule, rule('create delete get list watch', 'storage.k8s.io', 'volumeattachments'), rule(read, 'storage.k8s.io', 'csidrivers'), rule(read, 'storage.k8s.io', 'csinodes'),
  ],
  'certificate-controller': [
    rule('delete get list watch', 'certificates.k8s.io', 'certificatesigningrequests'),
    rule('update', 'certificates.k8s.io', 'certificatesigningrequests/approval certificatesigningrequests/status'),
    rule('approve', 'certificates.k8s.io', 'signers', 'kubernetes.io/kube-apiserver-client-kubelet'),
    rule('sign', 'certificates.k8s.io', 'signers', 'kubernetes.io/kube-apiserver-client kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving kubernetes.io/legacy-unknown'),
    rule('create', 'authorization.k8s.io', 'subjectaccessreviews'), eventsRule,
  ],
  'clusterrole-aggregation-controller': [rule('escalate get list patch update watch', 'rbac.authorization.k8s.io', 'clusterroles')],
  'cronjob-controller': [
    rule('get list update watch', 'batch', 'cronjobs'), rule('create delete get list patch update watch', 'batch', 'jobs'),
    rule('update', 'batch', 'cronjobs/status cronjobs/finalizers'), rule('delete list watch', 'core', 'pods'), eventsRule,
  ],
  'daemon-set-controller': [
    rule(read, 'apps extensions', 'daemonsets'), rule('update', 'apps extensions', 'daemonsets/finalizers daemonsets/status'), rule('list watch', 'core', 'nodes'), podControl,
    rule('create', 'core', 'pods/binding'), rule('create delete get list patch update watch', 'apps', 'controllerrevisions'), eventsRule,
  ],
  'deployment-controller': [
    rule('get list update watch', 'apps extensions', 'deployments'), rule('update', 'apps extensions', 'deployments/finalizers deployments/status'),
    rule('create delete get list patch update watch', 'apps extensions', 'replicasets'), rule('get list update watch', 'core', 'pods'), eventsRule,
  ],
  'disruption-controller': [
    rule(read, 'apps extensions', 'deployments replicasets'), rule(read, 'core', 'replicationcontrollers'), rule(read, 'policy', 'poddisruptionbudgets'),
    rule(read, 'apps', 'statefulsets'), rule('patch update', 'core', 'pods/status'), rule('update', 'policy', 'poddisruptionbudgets/status'), rule('get', '*', '*/scale'), eventsRule,
  ],
  'endpoint-controller': [rule(read, 'core', 'pods services'), rule('create delete get list update watch', 'core', 'endpoints'), rule('create', 'core', 'endpoints/restricted'), eventsRule],
  'endpointslice-controller': [
    rule(read, 'core', 'nodes pods services'), rule('update', 'core', 'services/finalizers'), rule('create delete get list update watch', 'discovery.k8s.io', 'endpointslices'), eventsRule,
  ],
  'endpointslicemirroring-controller': [
    rule(read, 'core', 'endpoints services'), rule('update', 'core', 'services/finalizers endpoints/finalizers'),
    rule('create delete get list update watch', 'discovery.k8s.io', 'endpointslices'), eventsRule,
  ],
  'ephemeral-volume-controller': [
    rule(read, 'core', 'pods'), rule('update', 'core', 'pods/finalizers'), rule('create get list watch', 'core', 'persistentvolumeclaims'), eventsRule,
  ],
  'expand-controller': [
    rule('get list patch update watch', 'core', 'persistentvolumes'), rule('patch update', 'core', 'persistentvolumeclaims/status'), rule(read, 'core', 'persistentvolumeclaims'), eventsRule,
  ],
  'generic-garbage-collector': [rule('delete get list patch update watch', '*', '*'), eventsRule],
  'horizontal-pod-autoscaler': [
    rule(read, 'autoscaling', 'horizontalpodautoscalers'), rule('update', 'autoscaling', 'horizontalpodautoscalers/status'), rule('get update', '*', '*/scale'), rule('list watch', 'core', 'pods'),
    rule('list watch', 'metrics.k8s.io', 'pods'), rule(read, 'custom.metrics.k8s.io', '*'), rule(read, 'external.metrics.k8s.io', '*'), eventsRule,
  ],
  'job-controller': [
    rule('get list patch update watch', 'batch', 'jobs'), rule('update', 'batch', 'jobs/finalizers jobs/status'), podControl, eventsRule,
  ],
  'legacy-service-account-token-cleaner': [rule('get', 'core', 'configmaps', 'kube-apiserver-legacy-service-account-token-tracking'), rule('delete patch', 'core', 'secrets')],
  'namespace-controller': [
    rule('delete get list watch', 'core', 'namespaces'), rule('update', 'core', 'namespaces/finalize namespaces/status'), rule('delete deletecollection get list watch', '*', '*'),
  ],
  'node-controller': [
    rule('delete get list patch update watch', 'core', 'nodes'), rule('patch update', 'core', 'nodes/status'), rule('patch update', 'core', 'pods/status'), rule('delete get list watch', 'core', 'pods'), eventsRule,
  ],
  'persistent-volume-binder': [
    rule('create delete get list update watch', 'core', 'persistentvolumes'), rule('update', 'core', 'persistentvolumes/status'),
    rule('get list update watch', 'core', 'persistentvolumeclaims'), rule('update', 'core', 'persistentvolumeclaims/status'), rule('create delete get list watch', 'core', 'pods'),
    rule(read, 'storage.k8s.io', 'storageclasses'), rule('list watch', 'core', 'nodes'), rule('watch', 'core', 'events'), eventsRule,
  ],
  'pod-garbage-collector': [rule('delete list watch', 'core', 'pods'), rule(read, 'core', 'nodes'), rule('patch', 'core', 'pods/status')],
  'pv-protection-controller': [rule('get list update watch', 'core', 'persistentvolumes'), eventsRule],
  'pvc-protection-controller': [rule('get list update watch', 'core', 'persistentvolumeclaims'), rule(read, 'core', 'pods'), eventsRule],
  'replicaset-controller': [rule('get list update watch', 'apps extensions', 'replicasets'), rule('update', 'apps extensions', 'replicasets/finalizers replicasets/status'), podControl, eventsRule],
  'replication-controller': [
    rule('get list update watch', 'core', 'replicationcontrollers'), rule('update', 'core', 'replicationcontrollers/finalizers replicationcontrollers/status'), podControl, eventsRule,
  ],
  'resourcequota-controller': [rule('list watch', '*', '*'), rule('update', 'core', 'resourcequotas/status'), eventsRule],
  'root-ca-cert-publisher': [rule('create update', 'core', 'configmaps'), eventsRule],
  'route-controller': [rule('list watch', 'core', 'nodes'), rule('patch', 'core', 'nodes/status'), eventsRule],
  'service-account-controller': [rule('create', 'core', 'serviceaccounts'), eventsRule],
  'service-controller': [rule(read, 'core', 'services'), rule('patch update', 'core', 'services/status'), rule('list watch', 'core', 'nodes'), eventsRule],
  'service-cidrs-controller': [
    rule('get list patch update watch', 'networking.k8s.io', 'servicecidrs'), rule('patch update', 'networking.k8s.io', 'servicecidrs/finalizers'),
    rule('patch update', 'networking.k8s.io', 'servicecidrs/status'), rule(read, 'networking.k8s.io', 'ipaddresses'), eventsRule,
  ],
  'statefulset-controller': [
    rule('list watch', 'core', 'pods'), rule(read, 'apps', 'statefulsets'), rule('update', 'apps', 'statefulsets/finalizers statefulsets/status'),
    rule('create delete get patch update', 'core', 'pods'), rule('create delete get list patch update watch', 'apps', 'controllerrevisions'),
    rule('create get list watch', 'core', 'persistentvolumeclaims'), rule('delete update', 'core', 'persistentvolumeclaims'),
    rule('update', 'core', 'pods/finalizers'), eventsRule,
  ],
  'ttl-after-finished-controller': [rule('delete get list watch', 'batch', 'jobs'), eventsRule],
  'ttl-controller': [rule('list patch update watch', 'core', 'nodes'), eventsRule],
  'validatingadmissionpolicy-status-controller': [
    rule(read, 'admissionregistration.k8s.io', 'validatingadmissionpolicies'), rule('get patch update', 'admissionregistration.k8s.io', 'validatingadmissionpolicies/status'), eventsRule,
  ],
};

const names = Object.keys(rules);

export const controllerRoleTable: readonly ClusterRole[] = names.map((name) => clusterRole(`${prefix}${name}`, rules[name]!));
export const controllerRoleBindingTable: readonly ClusterRoleBinding[] = names.map((name) => clusterBinding(`${prefix}${name}`, toAccount(name)));
