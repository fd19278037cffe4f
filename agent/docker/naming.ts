/**
 * Names of containers: made from what they are, so that creating one twice finds the first. Kubernetes' names have no
 * underscore, so the parts cannot run into each other.
 */
export interface NameParts {
  /** Container name, or POD for the sandbox. */
  container: string;
  pod: string;
  namespace: string;
  uid: string;
  attempt: number;
}

/** `bramble_<container>_<pod>_<namespace>_<uid>_<attempt>` */
export function containerName(parts: NameParts): string {
  return ['bramble', parts.container, parts.pod, parts.namespace, parts.uid, parts.attempt].join('_');
}

/** The inverse of containerName; undefined for a name that is not ours. */
export function parseContainerName(name: string): NameParts | undefined {
  const [prefix, container, pod, namespace, uid, attempt, ...rest] = name.replace(/^\//, '').split('_');
  if (prefix !== 'bramble' || rest.length > 0 || !container || !pod || !namespace || !uid || !attempt || !/^\d+$/.test(attempt)) return undefined;
  return { container, pod, namespace, uid, attempt: Number(attempt) };
}
