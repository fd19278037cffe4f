/** Converts custom objects by asking the webhook of their definition. Follows apiextensions' pkg/apiserver/conversion. */
import { newInternalError } from '../../api/errors.ts';
import type { KubernetesObject, Status } from '../../api/meta.ts';
import { webhookTarget, type WebhookClient } from '../admission/webhook/webhook-client.ts';
import { deepEqual } from '../registry/deep-equal.ts';
import type { Definition } from './definition.ts';

export interface WebhookConverter {
  client: Pick<WebhookClient, 'post'>;
  newUid: () => string;
}

interface ConversionResponse {
  uid?: string;
  convertedObjects?: KubernetesObject[];
  result?: Status;
}

/** As kube-apiserver gives conversion webhooks. Milliseconds. */
const timeoutMs = 30_000;
const maxObjects = 500;

/** @returns the objects in the wanted version, in the same order. @throws StatusError InternalError. */
export async function convertByWebhook(converter: WebhookConverter | undefined, definition: Definition, objects: readonly KubernetesObject[], apiVersion: string): Promise<KubernetesObject[]> {
  const fail = (why: string): Error => newInternalError(`conversion webhook for ${objects[0]?.apiVersion ?? apiVersion}, Kind=${definition.spec.names.kind} failed: ${why}`);
  if (objects.every((object) => object.apiVersion === apiVersion)) return [...objects];
  const webhook = definition.spec.conversion?.webhook;
  if (!converter || !webhook?.clientConfig) throw fail('no webhook can be called here');
  const converted: KubernetesObject[] = [];
  for (let begin = 0; begin < objects.length; begin += maxObjects) {
    const part = objects.slice(begin, begin + maxObjects);
    const foreign = part.filter((object) => object.apiVersion !== apiVersion);
    const reviewVersion = webhook.conversionReviewVersions.find((version) => version === 'v1' || version === 'v1beta1') ?? 'v1';
    const uid = converter.newUid();
    const review = {
      kind: 'ConversionReview', apiVersion: `apiextensions.k8s.io/${reviewVersion}`,
      request: { uid, desiredAPIVersion: apiVersion, objects: foreign },
    };
    let answer: unknown;
    try {
      answer = JSON.parse(await converter.client.post(webhookTarget(webhook.clientConfig), JSON.stringify(review), timeoutMs));
    } catch (error) {
      throw fail(error instanceof Error ? error.message : String(error));
    }
    const results = checkResponse(answer, { reviewVersion, uid, foreign, apiVersion, fail });
    let next = 0;
    for (const object of part) converted.push(object.apiVersion === apiVersion ? object : results[next++]!);
  }
  return converted;
}

interface Expected {
  reviewVersion: string;
  uid: string;
  foreign: readonly KubernetesObject[];
  apiVersion: string;
  fail: (why: string) => Error;
}

function checkResponse(answer: unknown, { reviewVersion, uid, foreign, apiVersion, fail }: Expected): KubernetesObject[] {
  const review = typeof answer === 'object' && answer !== null ? answer as { kind?: string; apiVersion?: string; response?: ConversionResponse } : {};
  const wanted = `apiextensions.k8s.io/${reviewVersion}`;
  if (reviewVersion === 'v1' && (review.kind !== 'ConversionReview' || review.apiVersion !== wanted)) {
    throw fail(`invalid response: expected ${wanted}, Kind=ConversionReview, got ${review.apiVersion ?? ''}, Kind=${review.kind ?? ''}`);
  }
  const { response } = review;
  if (!response) throw fail('invalid response: no response provided');
  if (reviewVersion === 'v1' && response.uid !== uid) throw fail(`invalid response: expected response.uid="${uid}", got "${response.uid ?? ''}"`);
  if (response.result?.status !== 'Success') throw fail(response.result?.message ?? '<unknown>');
  const objects = response.convertedObjects ?? [];
  if (objects.length !== foreign.length) throw fail(`invalid response: expected ${foreign.length} converted objects, got ${objects.length}`);
  return objects.map((object, index) => checkConverted(foreign[index]!, object, { index, apiVersion, fail }));
}

/** A webhook may change labels and annotations, and nothing else of metadata. */
function checkConverted(original: KubernetesObject, converted: KubernetesObject, { index, apiVersion, fail }: Pick<Expected, 'apiVersion' | 'fail'> & { index: number }): KubernetesObject {
  const invalid = (why: string): Error => fail(`invalid converted object at index ${index}: ${why}`);
  if (converted.apiVersion !== apiVersion) throw invalid(`invalid apiVersion: expected ${apiVersion}, got ${converted.apiVersion ?? ''}`);
  if (converted.kind !== original.kind) throw invalid(`invalid kind: expected ${original.kind ?? ''}, got ${converted.kind ?? ''}`);
  const { labels: _, annotations: __, ...before } = original.metadata ?? {};
  const { labels, annotations, ...after } = converted.metadata ?? {};
  for (const name of ['name', 'namespace', 'uid'] as const) {
    if ((after[name] ?? '') !== (before[name] ?? '')) throw invalid(`invalid metadata: mutated immutable field ${name}`);
  }
  if (!deepEqual(before.ownerReferences, after.ownerReferences) && after.ownerReferences !== undefined) throw invalid('invalid metadata of object: ownerReferences may not be changed');
  return { ...converted, metadata: { ...before, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) } };
}
