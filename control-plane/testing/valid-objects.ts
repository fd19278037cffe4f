/** A valid object of every kind, as small as says something. */
import { apiVersionOf, type Resource } from '../../api/resources.ts';

const podSpec = {
  containers: [{
    name: 'main', image: 'busybox', command: ['sleep'], ports: [{ containerPort: 80, hostPort: 8080, protocol: 'TCP' }],
    env: [{ name: 'A', value: 'b' }, { name: 'C', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
    resources: { limits: { cpu: '1', memory: '64Mi' }, requests: { cpu: '100m' } },
    livenessProbe: { httpGet: { path: '/', port: 80 }, periodSeconds: 1 }, volumeMounts: [{ name: 'data', mountPath: '/data' }],
  }],
  volumes: [{ name: 'data', emptyDir: {} }, { name: 'conf', configMap: { name: 'given' } }],
  tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoSchedule' }], nodeSelector: { a: 'b' },
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }] } } },
  topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'a' } } }],
};
const template = { metadata: { labels: { app: 'a' } }, spec: podSpec };

const selector = { matchLabels: { app: 'a' } };
const rules = [{ operations: ['CREATE'], apiGroups: ['nothing.example'], apiVersions: ['v1'], resources: ['things'] }];
const webhooks = [{
  name: 'check.given.example', admissionReviewVersions: ['v1'], sideEffects: 'None', rules, clientConfig: { url: 'https://198.51.100.1/check' },
}];
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
const subjects = [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'watchers' }];

/** A request for `CN=given`, signed with a key that nobody keeps. */
const certificateRequest = 'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlITE1ISUNBUUF3RURFT01Bd0dBMVVFQXd3RloybDJaVzR3V1RBVEJnY3Foa2pPUFFJQkJnZ3Foa2pPUFFNQgpCd05DQUFRY0dtbU9IVytmckp1LytJSjQ4Q1NpMWI2RWl0OG1paE5kSTkxNWNpeXZXNFFYN01jOG5aRWNLWUU4CkUwUzJ4elpZdVpuMUhob3ZhQnNKbzZPV2ZwcnVvQUF3Q2dZSUtvWkl6ajBFQXdJRFNRQXdSZ0loQU1ZTjNYWVoKOXBxZkhGQzJvNGdnUFhZaDBjYTNiUTdSUlBZQlNJZWJOU1hLQWlFQTlZd1NQZ0J1cGpjdEJ6cXg2cmdJYzkvZQo2ODN1RWZFaHQzbW9CNjczbDVZPQotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K';

/** What a kind needs beside metadata. */
const content: Readonly<Record<string, object>> = {
  Pod: { spec: podSpec },
  PodTemplate: { template },
  ReplicationController: { spec: { replicas: 1, selector: { app: 'a' }, template } },
  Deployment: { spec: { replicas: 2, selector, template, strategy: { rollingUpdate: { maxSurge: '25%', maxUnavailable: 1 } } } },
  ReplicaSet: { spec: { replicas: 2, selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['a'] }] }, template } },
  StatefulSet: { spec: { selector, template, serviceName: 'a' } },
  DaemonSet: { spec: { selector, template } },
  ControllerRevision: { revision: 1, data: { a: 1 } },
  Job: { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } },
  CronJob: { spec: { schedule: '* * * * *', jobTemplate: { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } } } },
  Service: { spec: { selector: { app: 'a' }, ports: [{ name: 'web', port: 80, targetPort: 'web' }] } },
  Endpoints: { subsets: [{ addresses: [{ ip: '198.18.0.9' }], ports: [{ port: 80 }] }] },
  EndpointSlice: { addressType: 'IPv4', endpoints: [{ addresses: ['198.18.0.9'], conditions: { ready: true } }], ports: [{ port: 80, name: 'a' }] },
  ConfigMap: { data: { a: 'b' }, binaryData: { c: 'ZA==' } },
  Secret: { data: { a: 'Yg==' }, stringData: { c: 'd' }, type: 'Opaque' },
  Event: { involvedObject: { kind: 'Pod', namespace: 'default', name: 'given' }, reason: 'Tested', message: 'text', type: 'Normal' },
  Lease: { spec: { holderIdentity: 'a', leaseDurationSeconds: 30, renewTime: '2026-01-01T00:00:00.000000Z' } },
  Node: { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } },
  ResourceQuota: { spec: { hard: { 'count/things.example.com': '5' } } },
  LimitRange: { spec: { limits: [{ type: 'Container', default: { cpu: '1' } }] } },
  PersistentVolume: { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/data' } } },
  PersistentVolumeClaim: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
  HorizontalPodAutoscaler: { spec: { scaleTargetRef: { kind: 'Deployment', name: 'given', apiVersion: 'apps/v1' }, maxReplicas: 3 } },
  PodDisruptionBudget: { spec: { minAvailable: 1, selector } },
  Ingress: { spec: { rules: [{ host: 'a.example.com', http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'given', port: { number: 80 } } } }] } }] } },
  IngressClass: { spec: { controller: 'example.com/given' } },
  NetworkPolicy: { spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: '198.18.0.0/16' } }], ports: [{ port: 80 }] }] } },
  ServiceCIDR: { spec: { cidrs: ['198.19.240.0/24'] } },
  IPAddress: { spec: { parentRef: { group: '', resource: 'services', namespace: 'default', name: 'given' } } },
  PriorityClass: { value: 5 },
  VolumeAttributesClass: { driverName: 'example.com/given', parameters: { speed: 'high' } },
  StorageClass: { provisioner: 'example.com/given' },
  VolumeAttachment: { spec: { attacher: 'given.example.com', nodeName: 'given', source: { persistentVolumeName: 'given' } } },
  CSIDriver: { spec: {} },
  CSINode: { spec: { drivers: [{ name: 'given.example.com', nodeID: 'a' }] } },
  CSIStorageCapacity: { storageClassName: 'given' },
  RuntimeClass: { handler: 'given' },
  Role: { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
  ClusterRole: { rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }] },
  RoleBinding: { roleRef, subjects },
  ClusterRoleBinding: { roleRef, subjects },
  CertificateSigningRequest: { spec: { request: certificateRequest, signerName: 'example.com/given', usages: ['client auth'] } },
  MutatingWebhookConfiguration: { webhooks },
  ValidatingWebhookConfiguration: { webhooks },
  ValidatingAdmissionPolicy: { spec: { matchConstraints: { resourceRules: rules }, validations: [{ expression: 'true' }] } },
  ValidatingAdmissionPolicyBinding: { spec: { policyName: 'given', validationActions: ['Deny'] } },
  MutatingAdmissionPolicy: { spec: { matchConstraints: { resourceRules: rules }, reinvocationPolicy: 'Never', mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{}' } }] } },
  MutatingAdmissionPolicyBinding: { spec: { policyName: 'given' } },
  CustomResourceDefinition: {
    spec: {
      group: 'given.example', scope: 'Namespaced', names: { plural: 'givens', kind: 'Given' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  },
  APIService: { spec: { group: 'remote.example', version: 'v1', service: { name: 'given', namespace: 'default' }, groupPriorityMinimum: 100, versionPriority: 10 } },
  FlowSchema: {
    spec: {
      priorityLevelConfiguration: { name: 'given' }, matchingPrecedence: 500,
      rules: [{ subjects: [{ kind: 'User', user: { name: 'nobody' } }], nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/nothing'] }] }],
    },
  },
  PriorityLevelConfiguration: { spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } } },
  Binding: { target: { kind: 'Node', name: 'given' } },
};

/** events.k8s.io has other names for the fields. */
const groupedEvent = {
  eventTime: '2026-01-01T00:00:00.000000Z', regarding: { kind: 'Pod', namespace: 'default', name: 'given' }, reason: 'Tested', action: 'Testing', note: 'text',
  type: 'Normal', reportingController: 'example.com/given', reportingInstance: 'a',
};

/** The name that an object of the kind can have: of some kinds it follows from the content. */
export function givenName({ kind }: Resource): string {
  if (kind === 'CustomResourceDefinition') return 'givens.given.example';
  if (kind === 'IPAddress') return '203.0.113.9';
  return kind === 'APIService' ? 'v1.remote.example' : 'given';
}

export function validObject(resource: Resource, name = givenName(resource)): object {
  const metadata = { name, labels: { app: 'a' }, annotations: { note: 'x' }, ...(resource.namespaced ? { namespace: 'default' } : {}) };
  const own = resource.group === 'events.k8s.io' ? groupedEvent : content[resource.kind] ?? {};
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, ...structuredClone(own) };
}
