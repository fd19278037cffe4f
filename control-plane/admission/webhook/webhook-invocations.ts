/** The webhooks that a request must pass, in order of configuration and place. */
import type { MutatingWebhook, MutatingWebhookConfiguration, ValidatingWebhook, ValidatingWebhookConfiguration } from '../../../api/admissionregistration.ts';
import type { Resource } from '../../../api/resources.ts';
import type { AdmissionAttributes } from '../admission.ts';
import type { AdmissionStore } from '../admission-store.ts';
import { isExempt, matchesNamespace, matchesObject, matchRules } from '../match/match-rules.ts';

export type Webhook = ValidatingWebhook | MutatingWebhook;
type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration;

export interface Invocation<W extends Webhook = Webhook> {
  webhook: W;
  configuration: string;
  /** In which it wants to see the object. */
  shownAs: Resource;
}

const none: readonly never[] = [];

/** @throws StatusError NotFound when a namespace selector cannot be answered. */
export function findInvocations<W extends Webhook>(
  configurations: readonly Configuration[], attributes: AdmissionAttributes, store: AdmissionStore, equivalents: (resource: Resource) => readonly Resource[],
): readonly Invocation<W>[] {
  if (configurations.length === 0 || isExempt(attributes.resource)) return none;
  const found: Invocation<W>[] = [];
  for (const { metadata, webhooks = [] } of configurations) {
    for (const webhook of webhooks) {
      const shownAs = matchRules(webhook.rules ?? [], attributes, webhook.matchPolicy, equivalents);
      if (!shownAs || !matchesNamespace(webhook.namespaceSelector, attributes, store) || !matchesObject(webhook.objectSelector, attributes)) continue;
      found.push({ webhook: webhook as W, configuration: metadata?.name ?? '', shownAs });
    }
  }
  return found;
}
