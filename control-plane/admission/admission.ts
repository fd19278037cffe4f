/**
 * Admission: what a write must obey beyond its own kind, as a chain of small plugins, in three phases:
 *
 *   admit    every plugin in turn may change the object; it may wait.
 *   review   the object is final and valid; plugins may refuse it, all at once, and may wait (webhooks, policies).
 *   validate the last check, with no wait between it and the write. A plugin may hold something until the write is settled.
 *
 * Counterpart of k8s.io/apiserver/pkg/admission.
 */
import { newForbidden } from '../../api/errors.ts';
import type { StatusError } from '../../api/errors.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import type { Resource, Subresource } from '../../api/resources.ts';
import type { RequestContext, UserInfo } from '../registry/registry.ts';
import type { Reservation, Strategy } from '../registry/strategy.ts';

export type AdmissionOperation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

export interface AdmissionAttributes {
  readonly operation: AdmissionOperation;
  /** The row whose objects are stored. */
  readonly resource: Resource;
  readonly subresource: Subresource | undefined;
  readonly namespace: string | undefined;
  /** Empty while a generated name is not drawn yet. */
  readonly name: string;
  /** A private copy that `admit` may change; undefined for DELETE; for CONNECT the options of the connection. */
  readonly object: KubernetesObject | undefined;
  /** Shared and frozen; undefined for CREATE and CONNECT. */
  readonly old: KubernetesObject | undefined;
  /** DeleteOptions of a DELETE. Those of other operations follow from the context. */
  readonly options?: KubernetesObject | undefined;
  /** Fills in the defaults of the kind, again after a plugin from outside changed the object. Absent for DELETE and CONNECT. */
  readonly defaulter?: Pick<Strategy, 'defaults'> | undefined;
  readonly context: RequestContext;
  readonly user: UserInfo;
  readonly dryRun: boolean;
}

type WaitingPhase = (attributes: AdmissionAttributes) => void | Promise<void>;
type ValidatePhase = (attributes: AdmissionAttributes) => unknown;

export interface AdmissionPlugin {
  /** As Kubernetes names it. */
  readonly name: string;
  /** May change attributes.object. @throws StatusError to refuse. */
  admit?: WaitingPhase;
  /** Must change nothing. @throws StatusError to refuse. */
  review?: WaitingPhase;
  /**
   * Must change nothing and must not wait: nothing may happen between it and the write.
   * @returns a Reservation where the plugin holds something for this write until it is settled.
   * @throws StatusError to refuse; then nothing is held.
   */
  validate?: ValidatePhase;
}

export interface Admission {
  admit(attributes: AdmissionAttributes): Promise<void>;
  /** @returns undefined when there was nothing to wait for. */
  review(attributes: AdmissionAttributes): Promise<void> | undefined;
  validate(attributes: AdmissionAttributes): Reservation | undefined;
}

/** @param plugins run in this order. */
export function createAdmissionChain(plugins: readonly AdmissionPlugin[]): Admission {
  const admitting = plugins.filter((plugin) => plugin.admit);
  const reviewing = plugins.filter((plugin) => plugin.review);
  const validating = plugins.filter((plugin) => plugin.validate);
  return {
    async admit(attributes) {
      for (const plugin of admitting) {
        const pending = plugin.admit!(attributes);
        if (pending) await pending;
      }
    },
    review(attributes) {
      const pending: Promise<void>[] = [];
      try {
        for (const plugin of reviewing) {
          const one = plugin.review!(attributes);
          if (one) pending.push(one);
        }
      } catch (error) {
        // Reviews that wait already are of no interest any more; their failures must not go unhandled.
        void Promise.allSettled(pending);
        throw error;
      }
      return pending.length === 0 ? undefined : firstFailure(pending);
    },
    validate: (attributes) => validateAll(validating, attributes),
  };
}

/** Waits for all and throws what the first of them, in order of the chain, failed with. */
async function firstFailure(pending: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(pending)) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
}

function validateAll(plugins: readonly AdmissionPlugin[], attributes: AdmissionAttributes): Reservation | undefined {
  let held: Reservation[] | undefined;
  try {
    for (const plugin of plugins) {
      const reservation = plugin.validate!(attributes);
      if (reservation) (held ??= []).push(reservation as Reservation);
    }
  } catch (error) {
    for (const reservation of held ?? []) reservation.rollback();
    throw error;
  }
  if (!held) return undefined;
  const all = held;
  return all.length === 1 ? all[0] : {
    commit: () => { for (const reservation of all) reservation.commit(); },
    rollback: () => { for (const reservation of all) reservation.rollback(); },
  };
}

/** 403 as admission plugins give it, about the object or, while it has no name, about what its name begins with. */
export function newAdmissionForbidden(attributes: AdmissionAttributes, why: string): StatusError {
  const metadata = attributes.object?.metadata;
  const name = attributes.name || metadata?.name || metadata?.generateName || 'Unknown';
  return newForbidden(attributes.resource, name, why);
}

/** Tells the client something without refusing (a `Warning` header). Each text once. */
export function addWarning(attributes: AdmissionAttributes, text: string): void {
  const { warnings } = attributes.context;
  if (warnings && !warnings.includes(text)) warnings.push(text);
}

/** Notes something for the audit log. The first value of a key stays. */
export function addAuditAnnotation(attributes: AdmissionAttributes, key: string, value: string): void {
  const { auditAnnotations } = attributes.context;
  if (auditAnnotations && !Object.hasOwn(auditAnnotations, key)) auditAnnotations[key] = value;
}
