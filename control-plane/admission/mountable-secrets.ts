/** Which secrets a pod may name. Follows plugin/pkg/admission/serviceaccount. */
import type { Container, Pod, ServiceAccount, Volume } from '../../api/core.ts';

type PodSpec = NonNullable<Pod['spec']>;

/** Of an account: pods that run as it may use its own secrets only. */
const enforceAnnotation = 'kubernetes.io/enforce-mountable-secrets';

/** What Go's strconv.ParseBool takes for true. */
const truths: readonly string[] = ['1', 't', 'T', 'TRUE', 'true', 'True'];

/** A pod that a board runs by itself can use nothing that the server would have to give out for it. @returns what it may not do. */
export function mirrorPodProblem(spec: Partial<PodSpec>): string | undefined {
  if (spec.serviceAccountName) return 'a mirror pod may not reference service accounts';
  if (usesSecrets(spec)) return 'a mirror pod may not reference secrets';
  const tokens = (spec.volumes ?? []).some(({ projected }) => projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken));
  return tokens ? 'a mirror pod may not use ServiceAccountToken volume projections' : undefined;
}

function usesSecrets({ imagePullSecrets = [], initContainers = [], containers = [], volumes = [] }: Partial<PodSpec>): boolean {
  return imagePullSecrets.length > 0 || [...initContainers, ...containers].some(readsSecrets) || volumes.some(holdsSecret);
}

function readsSecrets({ env = [], envFrom = [] }: Container): boolean {
  return env.some(({ valueFrom }) => valueFrom?.secretKeyRef) || envFrom.some(({ secretRef }) => secretRef);
}

/** Every source of a volume names its secret in one of these fields. */
function holdsSecret({ secret, projected, ...others }: Volume): boolean {
  if (secret || projected?.sources?.some((source) => source.secret)) return true;
  return Object.values(others).some((source: unknown) => typeof source === 'object' && source !== null
    && ('secretRef' in source || 'nodePublishSecretRef' in source || 'secretName' in source));
}

/** @returns why the pod may not run as the account, or undefined. */
export function mountableSecretsProblem(spec: Partial<PodSpec>, account: ServiceAccount): string | undefined {
  if (!isKept(account)) return undefined;
  const name = account.metadata?.name;
  const mountable = new Set(account.secrets?.map((secret) => secret.name));
  for (const { secret } of spec.volumes ?? []) {
    if (secret && !mountable.has(secret.secretName)) {
      return `volume with secret.secretName="${secret.secretName ?? ''}" is not allowed because service account ${name} does not reference that secret`;
    }
  }
  const read = firstProblem('init container', spec.initContainers, account) ?? firstProblem('container', spec.containers, account);
  if (read) return read;
  const pullable = new Set(account.imagePullSecrets?.map((secret) => secret.name));
  const index = (spec.imagePullSecrets ?? []).findIndex((secret) => !pullable.has(secret.name));
  return index < 0 ? undefined
    : `imagePullSecrets[${index}].name="${spec.imagePullSecrets![index]!.name ?? ''}" is not allowed because service account ${name} does not reference that imagePullSecret`;
}

/** The same of the containers that join a running pod. */
export function ephemeralSecretsProblem({ ephemeralContainers }: Partial<PodSpec>, account: ServiceAccount): string | undefined {
  return isKept(account) ? firstProblem('ephemeral container', ephemeralContainers, account) : undefined;
}

function isKept({ metadata }: ServiceAccount): boolean {
  return truths.includes(metadata?.annotations?.[enforceAnnotation] ?? '');
}

type Environment = Pick<Container, 'name' | 'env' | 'envFrom'>;

function firstProblem(what: string, containers: readonly Environment[] | undefined, { metadata, secrets }: ServiceAccount): string | undefined {
  const mountable = new Set(secrets?.map((secret) => secret.name));
  for (const container of containers ?? []) {
    const problem = environmentProblem(what, container, { mountable, account: metadata?.name });
    if (problem) return problem;
  }
  return undefined;
}

function environmentProblem(
  what: string, { name, env = [], envFrom = [] }: Environment, { mountable, account }: { mountable: ReadonlySet<string | undefined>; account: string | undefined },
): string | undefined {
  const variable = env.find(({ valueFrom }) => valueFrom?.secretKeyRef && !mountable.has(valueFrom.secretKeyRef.name));
  const why = (secret: string | undefined): string => `referencing secret.secretName="${secret ?? ''}" is not allowed because service account ${account} does not reference that secret`;
  if (variable) return `${what} ${name} with envVar ${variable.name} ${why(variable.valueFrom?.secretKeyRef?.name)}`;
  const source = envFrom.find(({ secretRef }) => secretRef && !mountable.has(secretRef.name));
  return source && `${what} ${name} with envFrom ${why(source.secretRef?.name)}`;
}
