/** Every pod runs as a service account, `default` where it names none. Follows plugin/pkg/admission/serviceaccount. */
import type { Pod, ServiceAccount } from '../../api/core.ts';
import { pods } from '../../api/resources.ts';
import type { Clock } from '../../machinery/clock.ts';
import { generateName } from '../registry/generate-name.ts';
import { systemRandomness, type Randomness } from '../registry/randomness.ts';
import { newAdmissionForbidden } from './admission.ts';
import type { AdmissionPlugin } from './admission.ts';
import { ephemeralSecretsProblem, mirrorPodProblem, mountableSecretsProblem } from './mountable-secrets.ts';

/** A pod may be faster than the controller that makes a new namespace's `default` account: look this often. */
const attempts = 10;
const betweenAttemptsMs = 100;

/** The annotation of a pod that a board runs by itself and only shows here. */
const mirrorPodAnnotation = 'kubernetes.io/config.mirror';

export function createServiceAccountAdmission(options: {
  clock: Clock;
  get: (namespace: string, name: string) => ServiceAccount | undefined;
  /** For the name of the token volume. Default: the system's. */
  random?: Randomness;
}): AdmissionPlugin {
  const { random = systemRandomness } = options;
  const waitFor = async (namespace: string, name: string): Promise<ServiceAccount | undefined> => {
    for (let attempt = 1; ; attempt++) {
      const account = options.get(namespace, name);
      if (account || name !== 'default' || attempt === attempts) return account;
      await options.clock.sleep(betweenAttemptsMs);
    }
  };
  return {
    name: 'ServiceAccount',
    async admit(attributes) {
      const { operation, resource, subresource, namespace = '' } = attributes;
      if (operation !== 'CREATE' || resource.plural !== pods.plural || subresource) return;
      const pod = attributes.object as Pod;
      if (!pod.spec) return;
      if (pod.metadata?.annotations?.[mirrorPodAnnotation] !== undefined) {
        const problem = mirrorPodProblem(pod.spec);
        if (problem) throw newAdmissionForbidden(attributes, problem);
        return;
      }
      const name = pod.spec.serviceAccountName || pod.spec.serviceAccount || 'default';
      pod.spec.serviceAccountName = name;
      pod.spec.serviceAccount = name;
      const account = options.get(namespace, name) ?? await waitFor(namespace, name);
      if (!account) throw newAdmissionForbidden(attributes, `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`);
      if (!pod.spec.imagePullSecrets?.length && account.imagePullSecrets?.length) pod.spec.imagePullSecrets = structuredClone(account.imagePullSecrets);
      const problem = mountableSecretsProblem(pod.spec, account);
      if (problem) throw newAdmissionForbidden(attributes, problem);
      if (pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(pod.spec, random);
    },
    validate(attributes) {
      const { operation, resource, subresource, namespace = '' } = attributes;
      if (operation !== 'UPDATE' || subresource !== 'ephemeralcontainers' || resource.plural !== pods.plural) return;
      const { spec } = attributes.object as Pod;
      const account = spec?.serviceAccountName ? options.get(namespace, spec.serviceAccountName) : undefined;
      const problem = spec && account && ephemeralSecretsProblem(spec, account);
      if (problem) throw newAdmissionForbidden(attributes, problem);
    },
  };
}

const volumePrefix = 'kube-api-access-';
const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const expirationSeconds = 3607;

/** The token, the authority and the namespace, where in-cluster clients look for them, in every container that has nothing there. */
function mountToken(spec: NonNullable<Pod['spec']>, random: Randomness): void {
  // Validation comes later: there may be none.
  const { containers = [], initContainers = [] } = spec as Partial<typeof spec>;
  const bare = [...initContainers, ...containers].filter(({ volumeMounts }) => !volumeMounts?.some((mount) => mount.mountPath === mountPath));
  if (bare.length === 0) return;
  const existing = spec.volumes?.find(({ name: known }: { name?: string }) => known?.startsWith(volumePrefix));
  const name = existing?.name ?? generateName(volumePrefix, random);
  for (const container of bare) container.volumeMounts = [...container.volumeMounts ?? [], { name, readOnly: true, mountPath }];
  if (existing) return;
  spec.volumes = [...spec.volumes ?? [], {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
      ],
    },
  }];
}
