/** `kubectl describe` and `kubectl get` of every kind there is. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Kubectl } from '../apiserver/kubectl.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';

let server: StartedApiServer;
let kubectl: Kubectl;

const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'image:1', env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }], resources: { limits: { cpu: '1', memory: '64Mi' } } }] } };
const job = { template: { spec: { ...template.spec, restartPolicy: 'Never' } } };
const selector = { matchLabels: { app: 'a' } };
const webhook = (kind: string) => ({ apiVersion: 'admissionregistration.k8s.io/v1', kind, webhooks: [{ name: 'a.example.com', clientConfig: { url: 'https://example.com/x' }, sideEffects: 'None', admissionReviewVersions: ['v1'], rules: [{ apiGroups: ['example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['widgets'] }] }] });
const rbac = 'rbac.authorization.k8s.io/v1';
const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
const subjects = [{ kind: 'User', name: 'jane', apiGroup: 'rbac.authorization.k8s.io' }];

/** One of every kind that is stored, by the name it has in api-resources, and what its description says of it besides its name. */
const table: [resource: string, object: object, says: RegExp[]][] = [
  ['configmaps', { apiVersion: 'v1', kind: 'ConfigMap', data: { key: 'value' } }, [/key:\n----\nvalue/, /BinaryData/]],
  ['endpoints', { apiVersion: 'v1', kind: 'Endpoints', subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 80 }] }] }, [/Addresses:\s+192\.0\.2\.1/]],
  ['events', { apiVersion: 'v1', kind: 'Event', involvedObject: { kind: 'Pod', name: 'x', namespace: 'default' }, reason: 'R', message: 'said', type: 'Normal' }, [/Message:\s+said/]],
  ['limitranges', { apiVersion: 'v1', kind: 'LimitRange', spec: { limits: [{ type: 'Container', max: { cpu: '2' } }] } }, [/Container\s+cpu\s+-\s+2\s+2\s+2/]],
  ['namespaces', { apiVersion: 'v1', kind: 'Namespace' }, [/Status:\s+Active/, /No resource quota/]],
  ['nodes', { apiVersion: 'v1', kind: 'Node' }, [/Unschedulable:\s+false/, /Non-terminated Pods:/]],
  ['persistentvolumeclaims', { apiVersion: 'v1', kind: 'PersistentVolumeClaim', spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }, [/Status:\s+Pending/, /VolumeMode:\s+Filesystem/, /Used By:\s+<none>/]],
  ['persistentvolumes', { apiVersion: 'v1', kind: 'PersistentVolume', spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/tmp/v' } } }, [/Reclaim Policy:\s+Retain/, /Type:\s+HostPath/]],
  ['pods', { apiVersion: 'v1', kind: 'Pod', ...template }, [/Image:\s+image:1/, /QoS Class:\s+Guaranteed/, /A:\s+\S+ \(v1:metadata\.name\)/]],
  ['podtemplates', { apiVersion: 'v1', kind: 'PodTemplate', template }, [/Image:\s+image:1/]],
  ['replicationcontrollers', { apiVersion: 'v1', kind: 'ReplicationController', spec: { replicas: 0, template } }, [/Replicas:\s+0 current \/ 0 desired/, /Selector:\s+app=a/]],
  ['resourcequotas', { apiVersion: 'v1', kind: 'ResourceQuota', spec: { hard: { 'count/widgets.example.com': '3' } } }, [/Resource\s+Used\s+Hard/]],
  ['secrets', { apiVersion: 'v1', kind: 'Secret', stringData: { word: 'berry' } }, [/word:\s+5 bytes/, /Type:\s+Opaque/]],
  ['serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount' }, [/Mountable secrets:\s+<none>/]],
  ['services', { apiVersion: 'v1', kind: 'Service', spec: { selector: { app: 'a' }, ports: [{ port: 80, targetPort: 8080 }] } }, [/IP:\s+198\.18\.0\./, /Port:\s+<unset>\s+80\/TCP/, /TargetPort:\s+8080\/TCP/, /Session Affinity:\s+None/]],
  ['mutatingwebhookconfigurations', webhook('MutatingWebhookConfiguration'), [/Failure Policy:\s+Fail/]],
  ['validatingwebhookconfigurations', webhook('ValidatingWebhookConfiguration'), [/Failure Policy:\s+Fail/]],
  ['validatingadmissionpolicies', { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicy', spec: { matchConstraints: { resourceRules: [{ apiGroups: ['example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['widgets'] }] }, validations: [{ expression: 'true' }] } }, [/Expression:\s+true/]],
  ['validatingadmissionpolicybindings', { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicyBinding', spec: { policyName: 'none', validationActions: ['Deny'] } }, [/Policy Name:\s+none/]],
  ['apiservices', { apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: 'v1.example.org' }, spec: { group: 'example.org', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10, insecureSkipTLSVerify: true, service: { name: 'a', namespace: 'default' } } }, [/Group:\s+example\.org/]],
  ['customresourcedefinitions', { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'widgets.example.com' }, spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'widgets', kind: 'Widget' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }] } }, [/Plural:\s+widgets/]],
  ['mutatingadmissionpolicies', { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingAdmissionPolicy', spec: { reinvocationPolicy: 'Never', matchConstraints: { resourceRules: [{ apiGroups: ['example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['widgets'] }] }, mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{}' } }] } }, [/Reinvocation Policy:\s+Never/]],
  ['mutatingadmissionpolicybindings', { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingAdmissionPolicyBinding', spec: { policyName: 'none' } }, [/Policy Name:\s+none/]],
  ['controllerrevisions', { apiVersion: 'apps/v1', kind: 'ControllerRevision', revision: 3, data: { a: 'b' } }, [/Revision:\s+3/]],
  ['daemonsets', { apiVersion: 'apps/v1', kind: 'DaemonSet', spec: { selector, template } }, [/Desired Number of Nodes Scheduled: 0/]],
  ['deployments', { apiVersion: 'apps/v1', kind: 'Deployment', spec: { selector, template } }, [/StrategyType:\s+RollingUpdate/, /25% max unavailable, 25% max surge/]],
  ['replicasets', { apiVersion: 'apps/v1', kind: 'ReplicaSet', spec: { replicas: 0, selector, template } }, [/Replicas:\s+0 current \/ 0 desired/]],
  ['statefulsets', { apiVersion: 'apps/v1', kind: 'StatefulSet', spec: { serviceName: 'a', selector, template } }, [/Update Strategy:\s+RollingUpdate/]],
  ['horizontalpodautoscalers', { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' }, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }] } }, [/Max replicas:\s+3/, /resource cpu on pods\s+\(as a percentage of request\):\s+<unknown> \/ 50%/]],
  ['cronjobs', { apiVersion: 'batch/v1', kind: 'CronJob', spec: { schedule: '*/5 * * * *', jobTemplate: { spec: job } } }, [/Schedule:\s+\*\/5 \* \* \* \*/, /Concurrency Policy:\s+Allow/]],
  ['jobs', { apiVersion: 'batch/v1', kind: 'Job', spec: job }, [/Parallelism:\s+1/, /Completion Mode:\s+NonIndexed/]],
  ['leases', { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', spec: { holderIdentity: 'me' } }, [/Holder Identity:\s+me/]],
  ['endpointslices', { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4', endpoints: [{ addresses: ['192.0.2.1'] }], ports: [{ name: 'a', port: 80 }] }, [/AddressType:\s+IPv4/, /Addresses:\s+192\.0\.2\.1/]],
  ['flowschemas', { apiVersion: 'flowcontrol.apiserver.k8s.io/v1', kind: 'FlowSchema', spec: { matchingPrecedence: 9000, priorityLevelConfiguration: { name: 'global-default' } } }, [/Matching Precedence:\s+9000/]],
  ['prioritylevelconfigurations', { apiVersion: 'flowcontrol.apiserver.k8s.io/v1', kind: 'PriorityLevelConfiguration', spec: { type: 'Limited', limited: { nominalConcurrencyShares: 2, limitResponse: { type: 'Reject' } } } }, [/Nominal Concurrency Shares:\s+2/]],
  ['ingressclasses', { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', spec: { controller: 'example.com/controller' } }, [/Controller:\s+example\.com\/controller/]],
  ['ingresses', { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', spec: { rules: [{ host: 'a.example.com', http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'one', port: { number: 80 } } } }] } }] } }, [/a\.example\.com\s+\n\s+\/\s+one:80/]],
  ['networkpolicies', { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', spec: { podSelector: {} } }, [/Policy Types: Ingress/]],
  ['runtimeclasses', { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', handler: 'handler' }, [/Handler:\s+handler/]],
  ['poddisruptionbudgets', { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', spec: { minAvailable: 1, selector } }, [/Min available:\s+1/]],
  ['clusterroles', { apiVersion: rbac, kind: 'ClusterRole', rules }, [/pods\s+\[\]\s+\[\]\s+\[get\]/]],
  ['roles', { apiVersion: rbac, kind: 'Role', rules }, [/pods\s+\[\]\s+\[\]\s+\[get\]/]],
  ['clusterrolebindings', { apiVersion: rbac, kind: 'ClusterRoleBinding', roleRef, subjects }, [/User\s+jane/]],
  ['rolebindings', { apiVersion: rbac, kind: 'RoleBinding', roleRef, subjects }, [/User\s+jane/]],
  ['priorityclasses', { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', value: 7 }, [/Value:\s+7/, /GlobalDefault:\s+false/]],
  ['csidrivers', { apiVersion: 'storage.k8s.io/v1', kind: 'CSIDriver', spec: { attachRequired: false } }, [/Attach Required:\s+false/]],
  ['csinodes', { apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', spec: { drivers: [] } }, []],
  ['csistoragecapacities', { apiVersion: 'storage.k8s.io/v1', kind: 'CSIStorageCapacity', storageClassName: 'a', capacity: '1Gi' }, [/Capacity:\s+1Gi/]],
  ['storageclasses', { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', provisioner: 'example.com/p' }, [/Provisioner:\s+example\.com\/p/, /ReclaimPolicy:\s+Delete/]],
  ['volumeattachments', { apiVersion: 'storage.k8s.io/v1', kind: 'VolumeAttachment', spec: { attacher: 'example.com', nodeName: 'n', source: { persistentVolumeName: 'v' } } }, [/Attacher:\s+example\.com/]],
];

const nameOf = (resource: string, object: object) => (object as { metadata?: { name?: string } }).metadata?.name ?? `described-${resource}`;

beforeAll(async () => {
  server = await startApiServer();
  kubectl = new Kubectl(server.kubeconfig, server.directory);
  const items = table.map(([resource, object]) => ({ ...object, metadata: { name: nameOf(resource, object) } }));
  await kubectl.ok(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
});
afterAll(() => server.stop());

it('has one of every kind that can be listed', async () => {
  // The same under another name, one that is not stored, one that needs a request made elsewhere, and those that kubectl
  // up to 1.33 describes by their beta version alone.
  const others = ['events.events.k8s.io', 'componentstatuses', 'certificatesigningrequests.certificates.k8s.io', 'volumeattributesclasses.storage.k8s.io', 'servicecidrs.networking.k8s.io', 'ipaddresses.networking.k8s.io', 'widgets.example.com'];
  const served = (await kubectl.ok(['api-resources', '--verbs=list', '-o', 'name'])).trim().split('\n').filter((name) => !others.includes(name));
  expect(table.map(([resource]) => resource).sort()).toEqual(served.map((name) => name.split('.')[0]).sort());
});

describe.concurrent.each(table)('%s', (resource, object, says) => {
  const name = nameOf(resource, object);
  it('are described', async () => {
    const description = await kubectl.ok(['describe', resource, name]);
    expect(description).toMatch(new RegExp(`^Name:\\s+${name.replaceAll('.', '\\.')}`, 'm'));
    for (const pattern of says) expect(description).toMatch(pattern);
  });
  it('are shown in columns', async () => {
    const [heading, row] = (await kubectl.ok(['get', resource, name, '-o', 'wide'])).split('\n');
    if (resource !== 'events') expect(heading).toMatch(/^NAME\s/);
    expect(row).toContain(resource === 'events' ? 'said' : name);
  });
});
