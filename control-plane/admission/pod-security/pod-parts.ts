/** What the checks look at, and the words that their findings have in common. */
import type { Container, Pod } from '../../../api/core.ts';
import type { ObjectMeta } from '../../../api/meta.ts';

export type PodSpec = NonNullable<Pod['spec']>;
export type PodContext = NonNullable<PodSpec['securityContext']>;
export type ContainerContext = NonNullable<Container['securityContext']>;

export interface CheckedPod {
  readonly metadata: ObjectMeta;
  readonly spec: PodSpec;
  /** Init, regular and ephemeral ones. */
  readonly containers: readonly Container[];
  /** Rules of Linux do not concern it. */
  readonly windows: boolean;
}

export function checkedPod(metadata: ObjectMeta | undefined, spec: PodSpec): CheckedPod {
  const os = (spec as { os?: { name?: string } }).os?.name;
  return {
    metadata: metadata ?? {}, spec, windows: os === 'windows',
    containers: [...spec.initContainers ?? [], ...spec.containers, ...spec.ephemeralContainers ?? []],
  };
}

/** The names of the containers whose security context is wrong. */
export function containersWith({ containers }: CheckedPod, wrong: (context: ContainerContext | undefined, container: Container) => boolean): string[] {
  return containers.filter((container) => wrong(container.securityContext, container)).map(({ name }) => name);
}

/** Since this version a pod with a user namespace of its own may be root in it. */
export const knowsUserNamespaces = 35;

export function hasOwnUsers({ spec }: CheckedPod): boolean {
  return spec.hostUsers === false;
}

/** Quotes within the values stay as they are, as in Kubernetes' messages. */
export function quoteAll(values: readonly string[]): string {
  return values.map((value) => `"${value}"`).join(', ');
}

export function plural(word: string, count: number): string {
  return count === 1 ? word : `${word}s`;
}

/** `container "a"`, `containers "a", "b"` */
export function nameContainers(names: readonly string[]): string {
  return `${plural('container', names.length)} ${quoteAll(names)}`;
}
