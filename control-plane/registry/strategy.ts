/**
 * What is particular about one kind. The generic registry does everything else, in this order:
 *
 *   create: defaults → admission (changes) → prepareForCreate → validate → admission (reviews) → reserve → admission (checks) → storage
 *   update: defaults → admission (changes) → prepareForUpdate → validateUpdate → admission (reviews) → reserve → admission (checks) → storage
 *
 * Hooks that return nothing change the private copy they get; validate functions are pure. `old` is shared and frozen.
 * Counterpart of k8s.io/apiserver/pkg/registry/rest (RESTCreateStrategy, RESTUpdateStrategy, RESTDeleteStrategy).
 */
import type { FieldError } from '../../api/errors.ts';
import type { DeleteOptions, KubernetesObject } from '../../api/meta.ts';
import type { Resource } from '../../api/resources.ts';
import type { RequestContext } from './registry.ts';

/** What a write holds outside its object (a ClusterIP). Exactly one of the two is called, once. */
export interface Reservation {
  /** The write is stored: give back what only the old object had. */
  commit(): void;
  /** The write failed or was a dry run: give back what only the new object has. */
  rollback(): void;
}

/** A write through a subresource that keeps everything but its part. */
export interface SubresourceUpdate<T> {
  /** Keeps what this write may not change. */
  prepare(object: T, old: T): void;
  validate(object: T, old: T): FieldError[];
}

export interface Strategy<T extends KubernetesObject = KubernetesObject> {
  readonly resource: Resource<T>;
  /** PUT of an object that does not exist creates it. */
  readonly allowCreateOnUpdate: boolean;
  /** A deletion that removes the object answers with it; else with a Success Status. */
  readonly returnsDeletedObject?: boolean;
  /**
   * A deletion that says nothing of dependents lets go of them, as the first versions of the API did; `warning` goes to who
   * relies on it.
   */
  readonly orphansByDefault?: { readonly warning?: string };
  /** PUT without metadata.resourceVersion overwrites what is there. */
  readonly allowUnconditionalUpdate: boolean;
  /** Fields beside metadata.name and metadata.namespace that a field selector may name. */
  readonly selectableFields: readonly string[];
  /** The value of a selectable field, '' where it is not set. */
  selectField(object: T, field: string): string;

  defaults(object: T): void;
  validate(object: T): FieldError[];
  validateUpdate(object: T, old: T): FieldError[];
  validateStatusUpdate?(object: T, old: T): FieldError[];
  validateFinalize?(object: T, old: T): FieldError[];

  /** Sets what the server owns (who asks, too), drops what clients may not set (status). */
  prepareForCreate(object: T, context: RequestContext): void;
  /** Sets what follows from the name, which is final only now (it may have been generated). */
  canonicalize?(object: T): void;
  /** Keeps what this update may not change (status). */
  prepareForUpdate(object: T, old: T): void;
  /** Keeps what a status update may not change (spec). Only for kinds with the subresource. */
  prepareForStatusUpdate?(object: T, old: T): void;
  /** Only for kinds with the subresource. */
  prepareForFinalize?(object: T, old: T): void;
  /** Other subresources that are written like the object. */
  readonly subresourceUpdates?: Readonly<Partial<Record<'approval' | 'ephemeralcontainers' | 'resize', SubresourceUpdate<T>>>>;

  /**
   * What a client that wrote this object is to be told (deprecated fields). `old` is undefined on create. Of writes through
   * the object itself and its spec, not of status updates.
   */
  warnings?(object: T, old: T | undefined): string[];

  /**
   * Whether an update bumps metadata.generation. Kinds without this have no generation; the others begin with 1.
   */
  generationChanged?(object: T, old: T): boolean;

  /** The write need not survive a restart (heartbeats). Absent: all writes are durable. `old` is undefined on create. */
  isVolatile?(object: T, old: T | undefined): boolean;

  /**
   * Seconds of grace that a deletion of this object gets; 0 deletes at once. Absent: the kind has no graceful deletion.
   * Only called for an object that is not being deleted yet.
   */
  gracePeriodSeconds?(object: T, options: DeleteOptions): number;
  /** Changes the copy of an object whose deletion begins and that lingers. */
  prepareForDelete?(object: T): void;
  /** Beside metadata.finalizers: something else still holds the object (namespaces: spec.finalizers). */
  isHeld?(object: T): boolean;

  /**
   * Takes what the object needs outside itself and writes it into the copy. `old` is undefined on create.
   * @throws StatusError when it cannot be had; then nothing is held.
   */
  reserve?(object: T, old: T | undefined): Reservation;
  /** The object was removed from the store. */
  released?(object: T): void;
}

/** A strategy of a kind without particularities, to spread into others. */
export const plainStrategy = {
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  selectableFields: [] as readonly string[],
  selectField: () => '',
  defaults: () => {},
  validate: (): FieldError[] => [],
  validateUpdate: (): FieldError[] => [],
  prepareForCreate: () => {},
  prepareForUpdate: () => {},
} satisfies Omit<Strategy, 'resource'>;
