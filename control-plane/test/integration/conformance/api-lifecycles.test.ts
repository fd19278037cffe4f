/** The lives that conformance asks for, of the APIs that are served without anybody acting on them. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';
import { isDiscovered, lives, type ApiLife } from './api-life.ts';
import { RawClient } from './raw-client.ts';

let server: StartedApiServer;
let client: RawClient;
beforeAll(async () => {
  server = await startApiServer();
  client = new RawClient(server);
});
afterAll(async () => {
  client.close();
  await server.stop();
});

const namespace = 'default';
const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'image:1' }] } };
const selector = { matchLabels: { app: 'a' } };
const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from the test' };
const dated = { ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' };

const table: ApiLife[] = [
  { groupVersion: 'v1', resource: 'configmaps', namespace, object: { data: { a: 'b' } } },
  { groupVersion: 'v1', resource: 'secrets', namespace, object: { stringData: { a: 'b' } } },
  { groupVersion: 'v1', resource: 'serviceaccounts', namespace, object: { automountServiceAccountToken: false } },
  { groupVersion: 'v1', resource: 'podtemplates', namespace, object: { template } },
  { groupVersion: 'v1', resource: 'limitranges', namespace, object: { spec: { limits: [{ type: 'Container', max: { cpu: '2' }, defaultRequest: { cpu: '100m' } }] } } },
  { groupVersion: 'v1', resource: 'resourcequotas', namespace, object: { spec: { hard: { 'count/widgets.example.com': '3' } } }, status: { hard: { 'count/widgets.example.com': '3' } } },
  { groupVersion: 'v1', resource: 'replicationcontrollers', namespace, object: { spec: { replicas: 1, selector: { app: 'a' }, template } }, status: { replicas: 1, readyReplicas: 0, conditions: [dated] } },
  { groupVersion: 'v1', resource: 'services', namespace, object: { spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } }, status: { loadBalancer: { ingress: [{ ip: '203.0.113.1', ipMode: 'VIP' }] } } },
  { groupVersion: 'v1', resource: 'endpoints', namespace, object: { subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 80 }] }] } },
  { groupVersion: 'v1', resource: 'persistentvolumes', object: { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/tmp/v' } } }, status: { phase: 'Available', message: 'test' } },
  { groupVersion: 'v1', resource: 'persistentvolumeclaims', namespace, object: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }, status: { phase: 'Pending', conditions: [{ ...dated, type: 'Resizing' }] } },
  { groupVersion: 'apps/v1', resource: 'controllerrevisions', namespace, object: { revision: 1, data: { a: 'b' } } },
  { groupVersion: 'apps/v1', resource: 'deployments', namespace, object: { spec: { selector, template } }, status: { observedGeneration: 1, conditions: [dated] } },
  { groupVersion: 'apps/v1', resource: 'replicasets', namespace, object: { spec: { selector, template } }, status: { replicas: 0, conditions: [dated] } },
  { groupVersion: 'apps/v1', resource: 'statefulsets', namespace, object: { spec: { selector, template, serviceName: 'a' } }, status: { replicas: 0, conditions: [dated] } },
  { groupVersion: 'apps/v1', resource: 'daemonsets', namespace, object: { spec: { selector, template } }, status: { conditions: [dated] } },
  { groupVersion: 'batch/v1', resource: 'jobs', namespace, object: { spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } } }, status: { conditions: [dated] } },
  { groupVersion: 'batch/v1', resource: 'cronjobs', namespace, object: { spec: { schedule: '* * * * *', suspend: true, jobTemplate: { spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } } } } }, status: { lastScheduleTime: '2026-01-01T00:00:00Z' } },
  { groupVersion: 'autoscaling/v2', resource: 'horizontalpodautoscalers', namespace, object: { spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' } } }, status: { currentReplicas: 1, desiredReplicas: 2 } },
  { groupVersion: 'autoscaling/v1', resource: 'horizontalpodautoscalers', namespace, object: { spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' } } }, status: { currentReplicas: 1, desiredReplicas: 2 } },
  { groupVersion: 'policy/v1', resource: 'poddisruptionbudgets', namespace, object: { spec: { minAvailable: 1, selector } }, status: { observedGeneration: 1, currentHealthy: 1, desiredHealthy: 1, disruptionsAllowed: 0, expectedPods: 1 } },
  { groupVersion: 'coordination.k8s.io/v1', resource: 'leases', namespace, object: { spec: { holderIdentity: 'a', leaseDurationSeconds: 30, acquireTime: '2026-01-01T00:00:00.123456Z', renewTime: '2026-01-01T00:00:00.123456Z', leaseTransitions: 0 } } },
  { groupVersion: 'discovery.k8s.io/v1', resource: 'endpointslices', namespace, object: { addressType: 'IPv4', endpoints: [{ addresses: ['192.0.2.1'], conditions: { ready: true } }], ports: [{ name: 'a', port: 80 }] } },
  { groupVersion: 'networking.k8s.io/v1', resource: 'ingresses', namespace, object: { spec: { defaultBackend: { service: { name: 'a', port: { number: 80 } } } } }, status: { loadBalancer: { ingress: [{ ip: '169.1.1.1' }] } } },
  { groupVersion: 'networking.k8s.io/v1', resource: 'ingressclasses', object: { spec: { controller: 'example.com/controller' } } },
  { groupVersion: 'networking.k8s.io/v1', resource: 'networkpolicies', namespace, object: { spec: { podSelector: {} } } },
  { groupVersion: 'node.k8s.io/v1', resource: 'runtimeclasses', object: { handler: 'handler' } },
  { groupVersion: 'scheduling.k8s.io/v1', resource: 'priorityclasses', object: { value: 1000 } },
  { groupVersion: 'storage.k8s.io/v1', resource: 'storageclasses', object: { provisioner: 'example.com/p' } },
  { groupVersion: 'storage.k8s.io/v1', resource: 'volumeattributesclasses', object: { driverName: 'example.com', parameters: { a: 'b' } } },
  { groupVersion: 'storage.k8s.io/v1', resource: 'csidrivers', object: { spec: { attachRequired: false } } },
  { groupVersion: 'storage.k8s.io/v1', resource: 'csinodes', object: { spec: { drivers: [] } } },
  { groupVersion: 'storage.k8s.io/v1', resource: 'csistoragecapacities', namespace, object: { storageClassName: 'a', capacity: '1Gi' } },
  { groupVersion: 'storage.k8s.io/v1', resource: 'volumeattachments', object: { spec: { attacher: 'example.com', nodeName: 'n', source: { persistentVolumeName: 'v' } } }, status: { attached: true } },
  { groupVersion: 'rbac.authorization.k8s.io/v1', resource: 'roles', namespace, object: { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] } },
  { groupVersion: 'rbac.authorization.k8s.io/v1', resource: 'clusterroles', object: { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] } },
  { groupVersion: 'rbac.authorization.k8s.io/v1', resource: 'rolebindings', namespace, object: { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' }, subjects: [] } },
  { groupVersion: 'rbac.authorization.k8s.io/v1', resource: 'clusterrolebindings', object: { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' }, subjects: [] } },
  { groupVersion: 'flowcontrol.apiserver.k8s.io/v1', resource: 'flowschemas', object: { spec: { matchingPrecedence: 10000, priorityLevelConfiguration: { name: 'global-default' }, distinguisherMethod: { type: 'ByUser' }, rules: [] } }, status: { conditions: [{ type: 'Dangling', status: 'False', reason: 'Found', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }] } },
  { groupVersion: 'flowcontrol.apiserver.k8s.io/v1', resource: 'prioritylevelconfigurations', object: { spec: { type: 'Limited', limited: { nominalConcurrencyShares: 2, limitResponse: { type: 'Reject' } } } }, status: { conditions: [dated] } },
  { groupVersion: 'admissionregistration.k8s.io/v1', resource: 'validatingadmissionpolicies', object: { spec: { failurePolicy: 'Fail', matchConstraints: { resourceRules: [{ apiGroups: ['example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['widgets'] }] }, validations: [{ expression: 'true' }] } }, status: { observedGeneration: 1 } },
  { groupVersion: 'admissionregistration.k8s.io/v1', resource: 'validatingadmissionpolicybindings', object: { spec: { policyName: 'none', validationActions: ['Deny'] } } },
];

describe.each(table.map((life) => ({ life, name: `${life.groupVersion} ${life.resource}` })))('$name', ({ life }) => {
  it('is found by discovery', () => isDiscovered(client, life));
  it('lives from creation to the end of its collection', () => lives(client, life));
});
