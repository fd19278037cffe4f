import { describe, expect, test } from 'vitest';
import type { Container, Pod, PodSpec, PodStatus } from '../../../../api/core.ts';
import { defaultPod } from './defaults.ts';
import { validatePodSpec } from './validate-pod-spec.ts';
import { validatePodStatusUpdate } from './validate-status.ts';
import { validatePod, validatePodUpdate } from './validation.ts';

function podOf(spec: object): Pod {
  const pod: Pod = { metadata: { name: 'p', namespace: 'n' }, spec: structuredClone({ containers: [{ name: 'a', image: 'a:1' }], ...spec }) };
  defaultPod(pod);
  return pod;
}

function texts(errors: { field: string; message: string }[]): string[] {
  return errors.map(({ field, message }) => `${field}: ${message}`);
}

function problems(spec: object): string[] {
  return texts(validatePod(podOf(spec)));
}

function containerProblems(fields: object, spec: object = {}): string[] {
  return problems({ ...spec, containers: [{ name: 'a', image: 'a:1', ...fields }] }).map((text) => text.replace(/^spec\.containers\[0\]\.?/, ''));
}

const dnsLabel = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

describe('a pod that uses everything', () => {
  test('is valid', () => {
    expect(problems({
      hostname: 'h', subdomain: 's', serviceAccountName: 'default', activeDeadlineSeconds: 60, nodeSelector: { 'kubernetes.io/arch': 'arm64' },
      securityContext: { runAsUser: 0, fsGroup: 1000, sysctls: [{ name: 'net.core.somaxconn', value: '1' }], seccompProfile: { type: 'RuntimeDefault' } },
      dnsPolicy: 'None', dnsConfig: { nameservers: ['203.0.113.1'], searches: ['svc.cluster.local.'], options: [{ name: 'ndots', value: '5' }] },
      volumes: [
        { name: 'e', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } }, { name: 'h', hostPath: { path: '/var/log', type: 'Directory' } }, { name: 'c', configMap: { name: 'm', items: [{ key: 'k', path: 'a/b' }] } },
        { name: 's', secret: { secretName: 's' } }, { name: 'd', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: "metadata.labels['a']" } }, { path: 'cpu', resourceFieldRef: { containerName: 'a', resource: 'limits.cpu' } }] } },
        { name: 'p', projected: { sources: [{ serviceAccountToken: { path: 't' } }, { configMap: { name: 'm' } }] } },
      ],
      initContainers: [{ name: 'i', image: 'i' }, { name: 'sidecar', image: 's', restartPolicy: 'Always', readinessProbe: { exec: { command: ['true'] } } }],
      containers: [{
        name: 'a', image: 'a:1', ports: [{ name: 'http', containerPort: 80, hostPort: 80 }, { name: 'dns', containerPort: 53, protocol: 'UDP' }],
        env: [{ name: 'A', value: 'x' }, { name: 'B', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }, { name: 'C', valueFrom: { resourceFieldRef: { resource: 'limits.memory' } } }, { name: 'D', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
        envFrom: [{ prefix: 'P_', configMapRef: { name: 'm' } }],
        volumeMounts: [{ name: 'e', mountPath: '/e', subPath: 'x/y' }, { name: 'c', mountPath: '/c' }],
        resources: { requests: { cpu: '100m', 'example.com/gpu': '1' }, limits: { cpu: '1', memory: '64Mi', 'example.com/gpu': '1' } },
        livenessProbe: { httpGet: { port: 'http' } }, startupProbe: { grpc: { port: 80 } }, lifecycle: { preStop: { sleep: { seconds: 1 } } },
        securityContext: { capabilities: { drop: ['ALL'] }, allowPrivilegeEscalation: false },
      }],
      tolerations: [{ operator: 'Exists' }, { key: 'a', value: 'b', effect: 'NoExecute', tolerationSeconds: 1 }],
      affinity: {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Gt', values: ['1'] }], matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }] }] } },
        podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { a: 'b' } } } }] },
      },
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: {} }],
    })).toEqual([]);
  });
});

describe('the spec', () => {
  test.each<[object, string[]]>([
    [{ containers: [] }, ['spec.containers: Required value']],
    [{ restartPolicy: 'Sometimes' }, ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"']],
    [{ dnsPolicy: 'X' }, ['spec.dnsPolicy: Unsupported value: "X": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"']],
    [{ dnsPolicy: 'None' }, ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None']],
    [{ dnsConfig: { nameservers: ['x'] } }, ['spec.dnsConfig.nameservers[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']],
    [{ activeDeadlineSeconds: 0 }, ['spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive']],
    [{ hostname: 'A' }, [`spec.hostname: Invalid value: "A": ${dnsLabel}`]],
    [{ nodeSelector: { a: 'x y' } }, [expect.stringMatching(/^spec.nodeSelector: Invalid value: "x y": a valid label must be/) as string]],
    [{ securityContext: { runAsUser: -1 } }, ['spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive']],
    [{ hostPID: true, shareProcessNamespace: true }, ['spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled']],
    [{ ephemeralContainers: [{ name: 'd', image: 'd' }] }, ['spec.ephemeralContainers: Forbidden: cannot be set on create']],
    [{ schedulingGates: [{ name: 'g' }], nodeName: 'n' }, ['spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared']],
    [{ hostNetwork: true, containers: [{ name: 'a', image: 'a', ports: [{ containerPort: 80, hostPort: 81 }] }] }, ['spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true']],
    [{ containers: [{ name: 'a', image: 'a' }, { name: 'a', image: 'b' }] }, ['spec.containers[1].name: Duplicate value: "a"']],
    [{ initContainers: [{ name: 'a', image: 'b' }] }, ['spec.initContainers[0].name: Duplicate value: "a"']],
    [{ initContainers: [{ name: 'i', image: 'b', lifecycle: {} }] }, ['spec.initContainers[0].lifecycle: Forbidden: may not be set for init containers without restartPolicy=Always']],
    [{ tolerations: [{ key: 'a', operator: 'Like' }] }, ['spec.tolerations[0].operator: Unsupported value: "Like": supported values: "Equal", "Exists"']],
    [{ tolerations: [{ value: 'a' }] }, ['spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"']],
    [{ tolerations: [{ key: 'a', tolerationSeconds: 1 }] }, ["spec.tolerations[0].effect: Invalid value: \"\": effect must be 'NoExecute' when `tolerationSeconds` is set"]],
    [{ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } } }, ['spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term']],
    [{ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: {} }] } } }, ['spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty', expect.stringContaining('name part must be non-empty') as string, expect.stringContaining('name part must consist of') as string]],
    [{ hostAliases: [{ ip: '203.0.113.1', hostnames: ['a', 'B_'] }] }, [expect.stringMatching(/^spec.hostAliases\[0\].hostnames\[1\]: Invalid value: "B_"/) as string]],
    [{ dnsConfig: { searches: ['_tcp.example.com', 'a'.repeat(2040)] } }, [expect.stringContaining('must not have more than 2048 characters (including spaces) in the search list') as string, expect.stringContaining('must be no more than 253') as string]],
    [{ preemptionPolicy: 'Always' }, ['spec.preemptionPolicy: Unsupported value: "Always": supported values: "PreemptLowerPriority", "Never"']],
    [{ overhead: { cpu: '-1' } }, ['spec.overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0']],
    [{ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['A b'] }, { key: 'kind', operator: 'Exists' }] }] } } } }, [
      expect.stringMatching(/matchFields\[0\]\.values\[0\]: Invalid value: "A b": a lowercase RFC 1123 subdomain/) as string, expect.stringMatching(/matchFields\[1\]\.operator: Invalid value: "Exists": not a valid selector operator$/) as string,
      expect.stringMatching(/matchFields\[1\]\.key: Invalid value: "kind": not a valid field selector key$/) as string,
    ]],
    [{ tolerations: [{ key: 'a', operator: 'Exists', value: 'b' }] }, ['spec.tolerations[0].operator: Invalid value: {"Key":"a","Operator":"Exists","Value":"b","Effect":"","TolerationSeconds":null}: value must be empty when `operator` is \'Exists\'']],
    [{ securityContext: { fsGroupChangePolicy: '' } }, ['spec.securityContext.fsGroupChangePolicy: Unsupported value: "": supported values: "Always", "OnRootMismatch"']],
    [{ topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'a' }] }, ['spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "": supported values: "DoNotSchedule", "ScheduleAnyway"']],
    [{ serviceAccountName: '', volumes: [{ name: 'a', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }] }, ['spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set']],
    [{ runtimeClassName: '' }, [expect.stringMatching(/^spec\.runtimeClassName: Invalid value: "": a lowercase RFC 1123 subdomain/) as string]],
    [{ containers: [], initContainers: [{ name: 'i' }] }, ['spec.containers: Required value', 'spec.initContainers[0].image: Required value']],
    [{ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['x y'] }] }] } } } }, [expect.stringMatching(/nodeSelectorTerms\[0\].matchExpressions\[0\].values\[0\]: Invalid value: "x y": a valid label/) as string]],
    [{ resourceClaims: [{ name: 'a', resourceClaimName: 'x' }, { name: 'a', resourceClaimTemplateName: 'x' }, { name: 'b' }] }, ['spec.resourceClaims[1].name: Duplicate value: "a"', 'spec.resourceClaims[2]: Invalid value: {"name":"b"}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`']],
    [{ topologySpreadConstraints: [{ maxSkew: 0, topologyKey: 'a', whenUnsatisfiable: 'DoNotSchedule' }] }, ['spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero']],
  ])('%.110j', (spec, expected) => expect(problems(spec)).toEqual(expected));
});

describe('a container', () => {
  test.each<[object, string[]]>([
    [{ name: '' }, ['name: Required value']],
    [{ name: 'A_b' }, [`name: Invalid value: "A_b": ${dnsLabel}`]],
    [{ image: '' }, ['image: Required value']],
    [{ image: ' a' }, ['image: Invalid value: " a": must not have leading or trailing whitespace']],
    [{ imagePullPolicy: 'Maybe' }, ['imagePullPolicy: Unsupported value: "Maybe": supported values: "Always", "IfNotPresent", "Never"']],
    [{ restartPolicy: 'Always' }, ['restartPolicy: Forbidden: may not be set for non-init containers']],
    [{ ports: [{}] }, ['ports[0].containerPort: Required value']],
    [{ ports: [{ containerPort: 70000 }] }, ['ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive']],
    [{ ports: [{ containerPort: 80, protocol: 'tcp' }] }, ['ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"']],
    [{ ports: [{ name: 'x', containerPort: 80 }, { name: 'x', containerPort: 81 }] }, ['ports[1].name: Duplicate value: "x"']],
    [{ ports: [{ name: 'UPPER', containerPort: 80 }] }, ['ports[0].name: Invalid value: "UPPER": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)', 'ports[0].name: Invalid value: "UPPER": must contain at least one letter (a-z)']],
    [{ ports: [{ containerPort: 80, hostPort: 8 }, { containerPort: 81, hostPort: 8 }] }, ['ports[1].hostPort: Duplicate value: "TCP//8"']],
    [{ env: [{ name: 'A=B' }] }, ["env[0].name: Invalid value: \"A=B\": a valid environment variable name must consist only of printable ASCII characters other than '='"]],
    [{ env: [{ name: 'A', valueFrom: {} }] }, ['env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`']],
    [{ env: [{ name: 'A', value: 'x', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }, ['env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty']],
    [{ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.volumes' } } }] }, ['env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.volumes": error converting fieldPath: field label not supported: spec.volumes']],
    [{ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'status.phase' } } }] }, ['env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "status.phase": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"']],
    [{ env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: '', key: '' } } }] }, [expect.stringMatching(/^env\[0\]\.valueFrom\.configMapKeyRef\.name: Invalid value: "": a lowercase RFC 1123 subdomain/) as string, 'env[0].valueFrom.configMapKeyRef.key: Required value']],
    [{ env: [{ name: 'A', valueFrom: { fieldRef: { apiVersion: 'v2', fieldPath: 'metadata.name' } } }] }, ['env[0].valueFrom.fieldRef.fieldPath: Invalid value: "metadata.name": error converting fieldPath: unsupported pod version: v2']],
    [{ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: "spec.nodeName['a']" } } }] }, ["env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.nodeName['a']\": error converting fieldPath: field label does not support subscript: spec.nodeName['a']"]],
    [{ env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '2' } } }] }, ["env[0].valueFrom.resourceFieldRef.divisor: Invalid value: \"limits.cpu\": only divisor's values 1m and 1 are supported with the cpu resource"]],
    [{ env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '2Mi' } } }] }, ["env[0].valueFrom.resourceFieldRef.divisor: Invalid value: \"limits.memory\": only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the memory resource"]],
    [{ env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1024Ki' } } }] }, []],
    [{ envFrom: [{ configMapRef: { name: 'A b' } }, { secretRef: {} }] }, [expect.stringMatching(/^envFrom\[0\]\.configMapRef\.name: Invalid value: "A b"/) as string, 'envFrom[1].secretRef.name: Required value']],
    [{ envFrom: [{}] }, ['envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`']],
    [{ volumeMounts: [{ mountPath: '/a', mountPropagation: 'Up' }] }, ['volumeMounts[0].name: Required value', 'volumeMounts[0].name: Not found: ""', 'volumeMounts.mountPropagation: Unsupported value: "Up": supported values: "Bidirectional", "HostToContainer", "None"']],
    [{ volumeMounts: [{ name: 'x', mountPath: '' }] }, ['volumeMounts[0].name: Not found: "x"', 'volumeMounts[0].mountPath: Required value']],
    [{ livenessProbe: {} }, ['livenessProbe: Required value: must specify a handler type']],
    [{ livenessProbe: { exec: { command: ['x'] }, tcpSocket: { port: 1 } } }, ['livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type']],
    [{ livenessProbe: { exec: { command: ['x'] }, successThreshold: 2 } }, ['livenessProbe.successThreshold: Invalid value: 2: must be 1']],
    [{ readinessProbe: { exec: {}, periodSeconds: -1 } }, ['readinessProbe.exec.command: Required value', 'readinessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0']],
    [{ readinessProbe: { httpGet: { port: 0, scheme: 'FTP' } } }, ['readinessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive', 'readinessProbe.httpGet.scheme: Unsupported value: "FTP": supported values: "HTTP", "HTTPS"']],
    [{ resources: { limits: { cpu: '-1' } } }, ['resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0', 'resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0']],
    [{ resources: { limits: { cpu: '1' }, requests: { cpu: '2' } } }, ['resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1']],
    [{ resources: { requests: { disk: '1' } } }, ['resources.requests[disk]: Invalid value: "disk": must be a standard resource type or fully qualified', 'resources.requests[disk]: Invalid value: "disk": must be a standard resource for containers']],
    [{ resources: { requests: { 'a.b/c': '1' } } }, ['resources.limits: Required value: Limit must be set for non overcommitable resources']],
    [{ resources: { requests: { 'a.b/c': '1' }, limits: { 'a.b/c': '2' } } }, ['resources.requests: Invalid value: "1": must be equal to a.b/c limit of 2']],
    [{ resources: { limits: { 'hugepages-2Mi': '3Mi', cpu: '1' } } }, ['resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi', 'resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi']],
    [{ resources: { limits: { 'hugepages-2Mi': '4Mi' } } }, ['resources: Forbidden: HugePages require cpu or memory']],
    [{ resources: { limits: { 'a.b/c': '1500m' } } }, ['resources.limits[a.b/c]: Invalid value: "1500m": must be an integer', 'resources.requests[a.b/c]: Invalid value: "1500m": must be an integer']],
    [{ resources: { claims: [{ name: 'gpu' }] } }, ['resources.claims[0]: Not found: "gpu": must be one of the names in pod.spec.resourceClaims which is empty']],
    [{ resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }, { resourceName: 'cpu', restartPolicy: 'Maybe' }] }, ['resizePolicy[1]: Duplicate value: "cpu"', 'resizePolicy: Unsupported value: "Maybe": supported values: "NotRequired", "RestartContainer"']],
    [{ lifecycle: { preStop: { sleep: { seconds: 31 } } } }, ['lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)']],
    [{ volumeDevices: [{ name: 'x', devicePath: '/dev/../x' }] }, ['volumeDevices[0].name: Not found: "x"', "volumeDevices[0].devicePath: Invalid value: \"/dev/../x\": can not contain backsteps ('..')"]],
    [{ securityContext: { privileged: true, allowPrivilegeEscalation: false } }, ['securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true']],
  ])('%.110j', (fields, expected) => expect(containerProblems(fields)).toEqual(expected));

  test('mounts only inside of its volumes', () => {
    const volumes = [{ name: 'v', emptyDir: {} }];
    expect(containerProblems({ volumeMounts: [{ name: 'v', mountPath: '/a', subPath: '../x' }, { name: 'v', mountPath: '/a', subPath: '/x' }] }, { volumes })).toEqual([
      "volumeMounts.subPath: Invalid value: \"../x\": must not contain '..'", 'volumeMounts[1].mountPath: Invalid value: "/a": must be unique', 'volumeMounts.subPath: Invalid value: "/x": must be a relative path',
    ]);
    const recursive = { name: 'v', mountPath: '/a', recursiveReadOnly: 'Enabled' };
    expect(containerProblems({ volumeMounts: [{ ...recursive, readOnly: true }] }, { volumes })).toEqual([]);
    expect(containerProblems({ volumeMounts: [{ ...recursive, mountPropagation: 'HostToContainer' }] }, { volumes })).toEqual(['volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true', 'volumeMounts.recursiveReadOnly: Forbidden: may only be specified when mountPropagation is None or not specified']);
    expect(containerProblems({ volumeMounts: [{ name: 'v', mountPath: '/a' }], volumeDevices: [{ name: 'v', devicePath: '/a' }] }, { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] })).toEqual([
      'volumeMounts[0].name: Invalid value: "v": must not already exist in volumeDevices', 'volumeMounts[0].mountPath: Invalid value: "/a": must not already exist as a path in volumeDevices',
      'volumeDevices[0].name: Invalid value: "v": must not already exist in volumeMounts', 'volumeDevices[0].devicePath: Invalid value: "/a": must not already exist as a path in volumeMounts',
    ]);
    expect(containerProblems({ volumeMounts: [{ name: 'v', mountPath: '/a', mountPropagation: 'Bidirectional' }] }, { volumes })).toEqual(['volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers']);
  });
});

test('a volume that is wrong is as good as none to its mounts', () => {
  const spec = { volumes: [{ name: 'v', secret: {} }], containers: [{ name: 'a', image: 'a:1', volumeMounts: [{ name: 'v', mountPath: '/v' }] }] };
  expect(problems(spec)).toEqual(['spec.volumes[0].secret.secretName: Required value', 'spec.containers[0].volumeMounts[0].name: Not found: "v"']);
});

test('a pod of nothing has the defaults of one', () => {
  const pod: Pod = { metadata: { name: 'p', namespace: 'n' } };
  defaultPod(pod);
  expect(pod.spec).toMatchObject({ restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', terminationGracePeriodSeconds: 30 });
  expect(texts(validatePod(pod))).toEqual(['spec.containers: Required value']);
});

describe('volumes', () => {
  test.each<[object[], string[]]>([
    [[{ emptyDir: {} }], ['spec.volumes[0].name: Required value']],
    [[{ name: 'a', emptyDir: {} }, { name: 'a', emptyDir: {} }], ['spec.volumes[1].name: Duplicate value: "a"']],
    [[{ name: 'a', emptyDir: {}, hostPath: { path: '/x' } }], ['spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type']],
    [[{ name: 'a', hostPath: { path: '' } }], ['spec.volumes[0].hostPath.path: Required value']],
    [[{ name: 'a', hostPath: { path: '/x/../y' } }], ["spec.volumes[0].hostPath.path: Invalid value: \"/x/../y\": must not contain '..'"]],
    [[{ name: 'a', hostPath: { path: '/x', type: 'Dir' } }], ['spec.volumes[0].hostPath.type: Unsupported value: "Dir": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"']],
    [[{ name: 'a', configMap: { defaultMode: 512 } }], ['spec.volumes[0].configMap.name: Required value', 'spec.volumes[0].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive']],
    [[{ name: 'a', secret: { secretName: 's', items: [{ key: '', path: '..x' }] } }], ['spec.volumes[0].secret.items[0].key: Required value', "spec.volumes[0].secret.items[0].path: Invalid value: \"..x\": must not start with '..'"]],
    [[{ name: 'a', downwardAPI: { items: [{ path: 'x' }] } }], ['spec.volumes[0].downwardAPI: Required value: one of fieldRef and resourceFieldRef is required']],
    [[{ name: 'a', downwardAPI: { items: [{ path: 'x', fieldRef: { fieldPath: 'spec.nodeName' } }] } }], ['spec.volumes[0].downwardAPI.fieldRef.fieldPath: Unsupported value: "spec.nodeName": supported values: "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"']],
    [[{ name: 'a', projected: { sources: [{ serviceAccountToken: { path: '', expirationSeconds: 1 } }] } }], ['spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes', 'spec.volumes[0].projected.path: Required value', 'spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set']],
  ])('%.110j', (volumes, expected) => expect(problems({ volumes })).toEqual(expected));
});

describe('an update', () => {
  const old = podOf({ tolerations: [{ key: 'a', operator: 'Exists' }], activeDeadlineSeconds: 60 });

  function update(change: (spec: PodSpec & { containers: Container[] }) => void): string[] {
    const pod = structuredClone(old);
    change(pod.spec!);
    return texts(validatePodUpdate(pod, old));
  }

  test('may change images, add tolerations and shorten the deadline', () => {
    expect(update((spec) => {
      spec.containers[0]!.image = 'a:2';
      spec.tolerations!.push({ key: 'b', operator: 'Exists' });
      spec.activeDeadlineSeconds = 30;
    })).toEqual([]);
  });

  test('may leave out what is false or empty', () => {
    const pod = structuredClone(old);
    pod.spec!.hostNetwork = false;
    pod.spec!.nodeName = '';
    expect(validatePodUpdate(pod, old)).toEqual([]);
  });

  test('may change nothing else', () => {
    expect(update((spec) => { spec.containers[0]!.args = ['x']; })).toEqual([expect.stringMatching(/^spec: Forbidden: pod updates may not change fields other than `spec\.containers\[\*\]\.image`,`spec\.initContainers\[\*\]\.image`,`spec\.activeDeadlineSeconds`,`spec\.tolerations` \(only additions to existing tolerations\),`spec\.terminationGracePeriodSeconds` \(allow it to be set to 1 if it was previously negative\)\n {2}changed: spec\.containers$/)]);
    expect(update((spec) => { spec.nodeName = 'n'; })[0]).toMatch(/changed: spec\.nodeName$/);
    expect(update((spec) => { spec.containers.push({ name: 'b', image: 'b' }); })).toContain('spec.containers: Forbidden: pod updates may not add or remove containers');
    expect(update((spec) => { spec.containers[0]!.image = ''; })).toEqual(['spec.containers[0].image: Required value', 'spec.containers[0].image: Required value']);
    expect(update((spec) => { spec.containers[0]!.image = ''; spec.nodeName = 'n'; }).at(-1)).toMatch(/changed: spec\.nodeName$/);
    expect(update((spec) => { spec.tolerations = []; })).toEqual(['spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds']);
    expect(update((spec) => { spec.activeDeadlineSeconds = 90; })).toEqual(['spec.activeDeadlineSeconds: Invalid value: 90: must be less than or equal to previous value']);
    expect(update((spec) => { delete spec.activeDeadlineSeconds; })).toEqual(['spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value']);
    expect(update((spec) => { spec.schedulingGates = [{ name: 'g' }]; })).toEqual(["spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'g'"]);
  });

  test('is a pod that makes sense, but for what it has had', () => {
    expect(update((spec) => { spec.containers[0]!.env = [{ name: '' }]; })[0]).toBe('spec.containers[0].env[0].name: Required value');
    const odd = podOf({ hostname: 'A_b' });
    expect(validatePodUpdate({ ...odd, metadata: { ...odd.metadata, labels: { a: 'b' } } }, odd)).toEqual([]);
  });

  test('of a gated pod may narrow its place down', () => {
    const gated = podOf({ schedulingGates: [{ name: 'g' }], nodeSelector: { a: 'b' } });
    const pod = structuredClone(gated);
    pod.spec!.nodeSelector = { a: 'b', c: 'd' };
    delete pod.spec!.schedulingGates;
    expect(validatePodUpdate(pod, gated)).toEqual([]);
    pod.spec!.nodeSelector = { a: 'x' };
    expect(texts(validatePodUpdate(pod, gated))).toEqual(['spec.nodeSelector: Invalid value: {"a":"x"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)']);
  });

  test('of a gated pod may add to the terms of its node affinity, and not touch affinity to pods', () => {
    const inA = { key: 'a', operator: 'In', values: ['b'] };
    const affinityOf = (...terms: object[]) => ({ nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } });
    const gated = podOf({ schedulingGates: [{ name: 'g' }], affinity: affinityOf({ matchExpressions: [inA] }) });
    const after = (affinity: object) => texts(validatePodUpdate({ ...gated, spec: { ...gated.spec!, affinity } }, gated)).map((text) => text.replace(/Invalid value: .*\]: |Invalid value: .*\}: /, ''));
    const field = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
    expect(after(affinityOf({ matchExpressions: [inA, { key: 'c', operator: 'Exists' }] }))).toEqual([]);
    expect(after(affinityOf({ matchExpressions: [{ ...inA, values: ['c'] }] }))).toEqual([`${field}[0]: only additions are allowed (no mutations or deletions)`]);
    expect(after(affinityOf({ matchExpressions: [inA] }, {}))).toEqual([`${field}: no additions/deletions to non-empty NodeSelectorTerms list are allowed`]);
    expect(after({ ...affinityOf({ matchExpressions: [inA] }), podAffinity: {} })[0]).toMatch(/changed: spec\.affinity$/);
  });
});

describe('a status update', () => {
  const ended: PodStatus = { containerStatuses: [{ name: 'a', state: { terminated: { exitCode: 0 } }, image: '', imageID: '', ready: false, restartCount: 0 }] };
  const running: PodStatus = { containerStatuses: [{ ...ended.containerStatuses![0]!, state: { running: {} } }] };

  test.each([['Always', 0], ['Never', 1], ['OnFailure', 1]])('restartPolicy %s: a container that succeeded starts again: %i errors', (restartPolicy, count) => {
    const pod = podOf({ restartPolicy });
    const errors = validatePodStatusUpdate({ ...pod, status: running }, { ...pod, status: ended });
    expect(errors).toHaveLength(count);
    if (count) expect(texts(errors)).toEqual(['status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state']);
  });

  test('has addresses that are some', () => {
    const pod = podOf({});
    expect(texts(validatePodStatusUpdate({ ...pod, status: { podIPs: [{ ip: 'x' }] } }, pod))).toEqual(['status.podIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']);
  });

  test.each<[PodStatus, string[]]>([
    [{ podIPs: [{ ip: '203.0.113.1' }, { ip: '2001:db8::1' }], hostIP: '203.0.113.9', hostIPs: [{ ip: '203.0.113.9' }] }, []],
    [{ podIPs: [{ ip: '203.0.113.1' }, { ip: '203.0.113.1' }] }, ['status.podIPs: Invalid value: [{"ip":"203.0.113.1"},{"ip":"203.0.113.1"}]: may specify no more than one IP for each IP family', 'status.podIPs[1]: Duplicate value: {"IP":"203.0.113.1"}']],
    [{ hostIP: '203.0.113.8', hostIPs: [{ ip: '203.0.113.9' }] }, ['status.hostIPs[0].ip: Invalid value: "203.0.113.9": must be equal to `hostIP`']],
    [{ conditions: [{ type: 'Ready', status: 'True' }, { type: 'a b', status: 'True' }] }, [expect.stringMatching(/^metadata.conditions\[1\].Type: Invalid value: "a b"/) as string]],
  ])('%j', (status, expected) => {
    const pod = podOf({});
    expect(texts(validatePodStatusUpdate({ ...pod, status }, pod))).toEqual(expected);
  });

  test('lets sidecars run again, and no other init container', () => {
    const pod = podOf({ restartPolicy: 'Never', initContainers: [{ name: 'once', image: 'a' }, { name: 'sidecar', image: 'a', restartPolicy: 'Always' }] });
    const states = (state: object): PodStatus => ({ initContainerStatuses: ['once', 'sidecar'].map((name) => ({ ...ended.containerStatuses![0]!, name, state })) });
    expect(texts(validatePodStatusUpdate({ ...pod, status: states({ running: {} }) }, { ...pod, status: states({ terminated: { exitCode: 0 } }) })))
      .toEqual(['status.initContainerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state']);
  });
});

test('the cost of a deletion is a number', () => {
  const pod = podOf({});
  const costing = (value: string): Pod => ({ ...pod, metadata: { ...pod.metadata, annotations: { 'controller.kubernetes.io/pod-deletion-cost': value } } });
  expect(texts(validatePod(costing('-100')))).toEqual([]);
  expect(texts(validatePod(costing('cheap')))).toEqual(['metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "cheap": must be a 32bit integer']);
});

test('a template leaves the ports of the board to its pods', () => {
  const spec = { hostNetwork: true, containers: [{ name: 'a', image: 'a', ports: [{ containerPort: 80 }] }] };
  expect(texts(validatePodSpec(spec, 'spec.template.spec')).filter((text) => text.includes('hostPort'))).toEqual([]);
});

describe('a mirror pod', () => {
  const key = 'kubernetes.io/config.mirror';
  const podWith = (value: string | undefined, spec: object): Pod => {
    const pod = podOf(spec);
    return { ...pod, metadata: { ...pod.metadata, annotations: value === undefined ? {} : { [key]: value } } };
  };
  const path = `metadata.annotations[${key}]`;

  test('has a node', () => {
    expect(texts(validatePod(podWith('a', { nodeName: 'n' })))).toEqual([]);
    expect(texts(validatePod(podWith('a', {})))).toEqual([`${path}: Invalid value: "a": must set spec.nodeName if mirror pod annotation is set`]);
  });

  test.each<[string | undefined, string | undefined, string[]]>([
    ['a', 'a', []],
    ['a', 'b', [`${path}: Forbidden: may not remove or update mirror pod annotation`]],
    ['a', undefined, [`${path}: Forbidden: may not remove or update mirror pod annotation`]],
    [undefined, 'a', [`${path}: Forbidden: may not add mirror pod annotation`]],
  ])('stays one: %s → %s', (before, after, expected) => {
    expect(texts(validatePodUpdate(podWith(after, { nodeName: 'n' }), podWith(before, { nodeName: 'n' })))).toEqual(expected);
  });
});
