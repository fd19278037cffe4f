/** What a strategy says about an object, as lines of `field: message`. */
import type { KubernetesObject } from '../../../api/meta.ts';
import type { FieldError } from '../../../api/errors.ts';
import type { Strategy } from '../strategy.ts';

export function texts(errors: readonly FieldError[]): string[] {
  return errors.map(({ field, message }) => `${field}: ${message}`);
}

/** The object with its defaults. Tests leave out what the types call required. */
export function withDefaults<T extends KubernetesObject>(strategy: Strategy<T>, object: object): T {
  const copy = structuredClone(object) as T;
  strategy.defaults(copy);
  return copy;
}

/** Of a new object. */
export function creationProblems<T extends KubernetesObject>(strategy: Strategy<T>, object: object): string[] {
  return texts(strategy.validate(withDefaults(strategy, object)));
}

/** Of an object in the place of another. */
export function updateProblems<T extends KubernetesObject>(strategy: Strategy<T>, object: object, old: object): string[] {
  return texts(strategy.validateUpdate(withDefaults(strategy, object), withDefaults(strategy, old)));
}

/** Of the status of an object in the place of another. */
export function statusProblems<T extends KubernetesObject>(strategy: Strategy<T>, status: object, old: object = {}): string[] {
  return texts(strategy.validateStatusUpdate?.({ ...withDefaults(strategy, old), status }, withDefaults(strategy, old)) ?? []);
}
