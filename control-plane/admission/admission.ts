/**
 * Admission: what a write must obey beyond its own kind, as a chain of small plugins. First every plugin may change the
 * object (`admit`), then, when it is final, every plugin may refuse it (`validate`).
 * Counterpart of k8s.io/apiserver/pkg/admission.
 */
import { newForbidden } from '../../api/errors.ts';
import type { StatusError } from '../../api/errors.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import type { Resource, Subresource } from '../../api/resources.ts';
import type { UserInfo } from '../registry/registry.ts';

export interface AdmissionAttributes {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly resource: Resource;
  readonly subresource: Subresource | undefined;
  readonly namespace: string | undefined;
  /** Empty while a generated name is not drawn yet. */
  readonly name: string;
  /** A private copy that `admit` may change; undefined for DELETE. */
  readonly object: KubernetesObject | undefined;
  /** Shared and frozen; undefined for CREATE. */
  readonly old: KubernetesObject | undefined;
  readonly user: UserInfo;
  readonly dryRun: boolean;
}

export interface AdmissionPlugin {
  /** As Kubernetes names it. */
  readonly name: string;
  /** May change attributes.object. @throws StatusError to refuse. */
  admit?(attributes: AdmissionAttributes): void | Promise<void>;
  /** Must change nothing and must not wait: nothing may happen between it and the write. @throws StatusError to refuse. */
  validate?(attributes: AdmissionAttributes): void;
}

export interface Admission {
  admit(attributes: AdmissionAttributes): Promise<void>;
  validate(attributes: AdmissionAttributes): void;
}

/** @param plugins run in this order. */
export function createAdmissionChain(plugins: readonly AdmissionPlugin[]): Admission {
  return {
    async admit(attributes) {
      for (const plugin of plugins) {
        const pending = plugin.admit?.(attributes);
        if (pending) await pending;
      }
    },
    validate(attributes) {
      for (const plugin of plugins) plugin.validate?.(attributes);
    },
  };
}

/** 403 as admission plugins give it, about the object or, while it has no name, about what its name begins with. */
export function newAdmissionForbidden(attributes: AdmissionAttributes, why: string): StatusError {
  const metadata = attributes.object?.metadata;
  const name = attributes.name || metadata?.name || metadata?.generateName || 'Unknown';
  return newForbidden(attributes.resource, name, why);
}
