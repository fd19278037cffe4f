/** The ClusterRoles and ClusterRoleBindings that every Kubernetes cluster has. Follows plugin/pkg/auth/authorizer/rbac/bootstrappolicy. */
import type { ClusterRole, ClusterRoleBinding } from '../../../api/rbac.ts';
import {
  aggregatedRole, aggregateTo, clusterBinding, clusterRole, eventsRule, pathRule, read, readWrite, rule, toAccount, toGroup, toUser, write,
} from './policy-objects.ts';

const healthPaths = '/healthz /livez /readyz';
const signers = (signer: string) => [rule('approve', 'certificates.k8s.io', 'signers', `kubernetes.io/${signer}`)];
const issuerPaths = '/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/';

const userRoles: readonly ClusterRole[] = [
  clusterRole('cluster-admin', [rule('*', '*', '*'), pathRule('*', '*')]),
  clusterRole('system:discovery', [pathRule('get', `/api /api/* /apis /apis/* /openapi /openapi/* ${healthPaths} /version /version/`)]),
  clusterRole('system:monitoring', [pathRule('get', '/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*')]),
  clusterRole('system:basic-user', [
    rule('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
    rule('create', 'authentication.k8s.io', 'selfsubjectreviews'),
  ]),
  clusterRole('system:public-info-viewer', [pathRule('get', `${healthPaths} /version /version/`)]),
  aggregatedRole('admin'),
  aggregatedRole('edit', aggregateTo('admin')),
  aggregatedRole('view', aggregateTo('edit')),
  clusterRole('system:aggregate-to-admin', [
    rule('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
    rule(readWrite, 'rbac.authorization.k8s.io', 'rolebindings roles'),
  ], aggregateTo('admin')),
  clusterRole('system:aggregate-to-edit', [
    rule(read, 'core', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy'),
    rule('impersonate', 'core', 'serviceaccounts'),
    rule(write, 'core', 'pods pods/attach pods/exec pods/portforward pods/proxy'),
    rule('create', 'core', 'pods/eviction'),
    rule(write, 'core', 'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy'),
    rule('create', 'core', 'serviceaccounts/token'),
    rule(write, 'apps', 'daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale'),
    rule(write, 'autoscaling', 'horizontalpodautoscalers'),
    rule(write, 'batch', 'cronjobs jobs'),
    rule(write, 'extensions', 'daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale'),
    rule(write, 'policy', 'poddisruptionbudgets'),
    rule(write, 'networking.k8s.io', 'ingresses networkpolicies'),
    rule(readWrite, 'coordination.k8s.io', 'leases'),
  ], aggregateTo('edit')),
  clusterRole('system:aggregate-to-view', [
    rule(read, 'core', 'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status'),
    rule(read, 'core', 'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status'),
    rule(read, 'core', 'namespaces'),
    rule(read, 'discovery.k8s.io', 'endpointslices'),
    rule(read, 'apps', 'controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status'),
    rule(read, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
    rule(read, 'batch', 'cronjobs cronjobs/status jobs jobs/status'),
    rule(read, 'extensions', 'daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale'),
    rule(read, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
    rule(read, 'networking.k8s.io', 'ingresses ingresses/status networkpolicies'),
  ], aggregateTo('view')),
];

const nodeRoles: readonly ClusterRole[] = [
  clusterRole('system:node', [
    rule('create', 'authentication.k8s.io', 'tokenreviews'),
    rule('create', 'authorization.k8s.io', 'localsubjectaccessreviews subjectaccessreviews'),
    rule(read, 'core', 'services'),
    rule('create get list watch', 'core', 'nodes'),
    rule('patch update', 'core', 'nodes/status'),
    rule('patch update', 'core', 'nodes'),
    eventsRule,
    rule(read, 'core', 'pods'),
    rule('create delete', 'core', 'pods'),
    rule('patch update', 'core', 'pods/status'),
    rule('create', 'core', 'pods/eviction'),
    rule(read, 'core', 'configmaps secrets'),
    rule('get', 'core', 'persistentvolumeclaims persistentvolumes'),
    rule('get', 'core', 'endpoints'),
    rule('create get list watch', 'certificates.k8s.io', 'certificatesigningrequests'),
    rule('create delete get patch update', 'coordination.k8s.io', 'leases'),
    rule('get', 'storage.k8s.io', 'volumeattachments'),
    rule('create', 'core', 'serviceaccounts/token'),
    rule('get patch update', 'core', 'persistentvolumeclaims/status'),
    rule(read, 'storage.k8s.io', 'csidrivers'),
    rule('create delete get patch update', 'storage.k8s.io', 'csinodes'),
    rule(read, 'node.k8s.io', 'runtimeclasses'),
  ]),
  clusterRole('system:node-problem-detector', [rule('get', 'core', 'nodes'), rule('patch', 'core', 'nodes/status'), eventsRule]),
  clusterRole('system:node-proxier', [
    rule('list watch', 'core', 'endpoints services'), rule(read, 'core', 'nodes'), eventsRule, rule('list watch', 'discovery.k8s.io', 'endpointslices'),
  ]),
  clusterRole('system:kubelet-api-admin', [
    rule(read, 'core', 'nodes'), rule('proxy', 'core', 'nodes'),
    rule('*', 'core', 'nodes/configz nodes/healthz nodes/log nodes/metrics nodes/pods nodes/proxy nodes/spec nodes/stats'),
  ]),
  clusterRole('system:node-bootstrapper', [rule('create get list watch', 'certificates.k8s.io', 'certificatesigningrequests')]),
  clusterRole('system:certificates.k8s.io:certificatesigningrequests:nodeclient', [rule('create', 'certificates.k8s.io', 'certificatesigningrequests/nodeclient')]),
  clusterRole('system:certificates.k8s.io:certificatesigningrequests:selfnodeclient', [rule('create', 'certificates.k8s.io', 'certificatesigningrequests/selfnodeclient')]),
  clusterRole('system:certificates.k8s.io:legacy-unknown-approver', signers('legacy-unknown')),
  clusterRole('system:certificates.k8s.io:kubelet-serving-approver', signers('kubelet-serving')),
  clusterRole('system:certificates.k8s.io:kube-apiserver-client-approver', signers('kube-apiserver-client')),
  clusterRole('system:certificates.k8s.io:kube-apiserver-client-kubelet-approver', signers('kube-apiserver-client-kubelet')),
];

const componentRoles: readonly ClusterRole[] = [
  clusterRole('system:auth-delegator', [
    rule('create', 'authentication.k8s.io', 'tokenreviews'), rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
  ]),
  clusterRole('system:kube-aggregator', [rule(read, 'core', 'endpoints services')]),
  clusterRole('system:service-account-issuer-discovery', [pathRule('get', issuerPaths)]),
  clusterRole('system:kube-dns', [rule('list watch', 'core', 'endpoints services')]),
  clusterRole('system:persistent-volume-provisioner', [
    rule('create delete get list watch', 'core', 'persistentvolumes'), rule('get list update watch', 'core', 'persistentvolumeclaims'),
    rule(read, 'storage.k8s.io', 'storageclasses'), rule('watch', 'core', 'events'), eventsRule,
  ]),
  clusterRole('system:volume-scheduler', [
    rule('get list patch update watch', 'core', 'persistentvolumes'), rule(read, 'storage.k8s.io', 'storageclasses'),
    rule('get list patch update watch', 'core', 'persistentvolumeclaims'),
  ]),
  clusterRole('system:kube-scheduler', [
    eventsRule,
    rule('create get list update watch', 'coordination.k8s.io', 'leases'),
    rule('get update', 'coordination.k8s.io', 'leases', 'kube-scheduler'),
    rule(read, 'core', 'nodes'), rule('delete get list watch', 'core', 'pods'), rule('create', 'core', 'bindings pods/binding'), rule('patch update', 'core', 'pods/status'),
    rule(read, 'core', 'replicationcontrollers services'), rule(read, 'apps extensions', 'replicasets'), rule(read, 'apps', 'statefulsets'),
    rule(read, 'policy', 'poddisruptionbudgets'), rule(read, 'core', 'persistentvolumeclaims persistentvolumes'),
    rule('create', 'authentication.k8s.io', 'tokenreviews'), rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
    rule(read, 'storage.k8s.io', 'csinodes csidrivers csistoragecapacities'), rule('list watch', 'core', 'namespaces'),
  ]),
  clusterRole('system:kube-controller-manager', [
    eventsRule,
    rule('create get list update watch', 'coordination.k8s.io', 'leases'), rule('get update', 'coordination.k8s.io', 'leases', 'kube-controller-manager'),
    rule('create', 'core', 'secrets serviceaccounts'), rule('delete', 'core', 'secrets'), rule('get', 'core', 'configmaps namespaces secrets serviceaccounts'),
    rule('update', 'core', 'secrets serviceaccounts'), rule('create', 'authentication.k8s.io', 'tokenreviews'),
    rule('create', 'authorization.k8s.io', 'subjectaccessreviews'), rule('list watch', '*', '*'), rule('create', 'core', 'serviceaccounts/token'),
  ]),
];

export const clusterRoleTable: readonly ClusterRole[] = [...userRoles, ...nodeRoles, ...componentRoles];

const users = toGroup('system:authenticated');

export const clusterRoleBindingTable: readonly ClusterRoleBinding[] = [
  clusterBinding('cluster-admin', toGroup('system:masters')),
  clusterBinding('system:monitoring', toGroup('system:monitoring')),
  clusterBinding('system:discovery', users),
  clusterBinding('system:basic-user', users),
  clusterBinding('system:public-info-viewer', users, toGroup('system:unauthenticated')),
  clusterBinding('system:node-proxier', toUser('system:kube-proxy')),
  clusterBinding('system:kube-controller-manager', toUser('system:kube-controller-manager')),
  clusterBinding('system:kube-dns', toAccount('kube-dns')),
  clusterBinding('system:kube-scheduler', toUser('system:kube-scheduler')),
  clusterBinding('system:volume-scheduler', toUser('system:kube-scheduler')),
  clusterBinding('system:service-account-issuer-discovery', toGroup('system:serviceaccounts')),
  // Nodes are the Node authorizer's.
  clusterBinding('system:node'),
];
