/**
 * Webhooks that may change an object, one after the other; those that ask for it once more when a later one changed it.
 * Follows k8s.io/apiserver/pkg/admission/plugin/webhook/mutating.
 */
import type { MutatingWebhook } from '../../../api/admissionregistration.ts';
import { newInternalError } from '../../../api/errors.ts';
import { applyJsonPatch } from '../../../api/patch/json-patch.ts';
import { mutatingWebhookConfigurations } from '../../../api/resources.ts';
import { deepClone } from '../../registry/deep-clone.ts';
import { deepEqual } from '../../registry/deep-equal.ts';
import { addAuditAnnotation } from '../admission.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { changeObject } from '../match/change-object.ts';
import { callWebhook } from './call-webhook.ts';
import type { WebhookAdmissionOptions } from './validating-webhooks.ts';
import { meetsConditions } from './webhook-conditions.ts';
import { WebhookCallError } from './webhook-errors.ts';
import { findInvocations, type Invocation } from './webhook-invocations.ts';

export interface MutatingWebhookOptions extends WebhookAdmissionOptions {
  /** The plugins that look again at what webhooks changed. */
  again: (attributes: AdmissionAttributes) => Promise<void>;
}

interface Round {
  number: 0 | 1;
  /** In the second round: who is to be asked again. */
  only?: ReadonlySet<MutatingWebhook>;
}

export function createMutatingWebhooks(options: MutatingWebhookOptions): AdmissionPlugin {
  const { store, equivalents } = options;
  return {
    name: 'MutatingAdmissionWebhook',
    admit(attributes) {
      const configurations = store.list(mutatingWebhookConfigurations);
      if (configurations.length === 0) return;
      if (findInvocations(configurations, attributes, store, equivalents).length === 0) return;
      return askInTurn(options, attributes);
    },
  };
}

async function askInTurn(options: MutatingWebhookOptions, attributes: AdmissionAttributes): Promise<void> {
  const first = await runRound(options, attributes, { number: 0 });
  if (!first.changed) return;
  const before = deepClone(attributes.object);
  await options.again(attributes);
  // What the built-in plugins changed is new to every webhook that wants to know.
  const only = deepEqual(before, attributes.object) ? first.toAskAgain : first.reinvocable;
  if (only.size > 0) await runRound(options, attributes, { number: 1, only });
}

interface Outcome {
  changed: boolean;
  /** Asked, and willing to be asked again. */
  reinvocable: Set<MutatingWebhook>;
  /** Of those, the ones that a later webhook has overtaken. */
  toAskAgain: Set<MutatingWebhook>;
}

async function runRound(options: MutatingWebhookOptions, attributes: AdmissionAttributes, { number, only }: Round): Promise<Outcome> {
  const outcome: Outcome = { changed: false, reinvocable: new Set(), toAskAgain: new Set() };
  // Read anew: what one webhook changes may make the object another one's concern.
  const webhooks = options.store.list(mutatingWebhookConfigurations);
  const order = webhooks.flatMap(({ webhooks: list = [] }) => list);
  for (const [index, webhook] of order.entries()) {
    if (only && !only.has(webhook)) continue;
    const configuration = webhooks.find(({ webhooks: list = [] }) => list.includes(webhook))!;
    const [invocation] = findInvocations<MutatingWebhook>([{ ...configuration, webhooks: [webhook] }], attributes, options.store, options.equivalents);
    if (!invocation) continue;
    const changed = await ask(options, { invocation, attributes, round: number, index });
    if (changed) {
      outcome.changed = true;
      for (const earlier of outcome.reinvocable) outcome.toAskAgain.add(earlier);
    }
    if (webhook.reinvocationPolicy === 'IfNeeded') outcome.reinvocable.add(webhook);
  }
  return outcome;
}

interface Question {
  invocation: Invocation<MutatingWebhook>;
  attributes: AdmissionAttributes;
  round: number;
  index: number;
}

/** @returns whether it changed the object. */
async function ask(options: MutatingWebhookOptions, { invocation, attributes, round, index }: Question): Promise<boolean> {
  if (!await meetsConditions(options, invocation, attributes)) return false;
  const { name, failurePolicy } = invocation.webhook;
  const place = `webhook.admission.k8s.io/round_${round}_index_${index}`;
  try {
    const patch = await callWebhook(options, invocation, attributes, true);
    const changed = patch.length > 0 && await applyPatch(options, invocation, attributes, patch);
    addAuditAnnotation(attributes, `mutation.${place}`, JSON.stringify({ configuration: invocation.configuration, webhook: name, mutated: changed }));
    if (changed) addAuditAnnotation(attributes, `patch.${place}`, JSON.stringify({ configuration: invocation.configuration, webhook: name, patch, patchType: 'JSONPatch' }));
    return changed;
  } catch (error) {
    if (!(error instanceof WebhookCallError)) throw error;
    if (failurePolicy !== 'Ignore') throw error.toStatusError();
    options.logger.warn('Failed calling webhook, failing open', { webhook: name, error: error.message });
    addAuditAnnotation(attributes, `failed-open.mutation.${place}`, name);
    return false;
  }
}

async function applyPatch(options: MutatingWebhookOptions, { webhook, shownAs }: Invocation, attributes: AdmissionAttributes, patch: readonly unknown[]): Promise<boolean> {
  if (!attributes.object || attributes.operation === 'CONNECT') {
    throw newInternalError(`admission webhook ${JSON.stringify(webhook.name)} attempted to modify the object, which is not supported for this operation`);
  }
  return changeObject(attributes, shownAs, options.convert, (shown) => {
    try {
      return applyJsonPatch(shown, patch);
    } catch (error) {
      throw newInternalError((error as Error).message, error);
    }
  });
}
