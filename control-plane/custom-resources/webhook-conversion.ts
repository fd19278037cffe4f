/** Converts custom objects by asking the webhook of their definition. Follows apiextensions' pkg/apiserver/conversion. */
import { newInternalError } from '../../api/errors.ts';
import type { KubernetesObject, Status } from '../../api/meta.ts';
import { webhookTarget, type WebhookClient } from '../admission/webhook/webhook-client.ts';
import type { Definition } from './definition.ts';

export interface WebhookConverter {
  client: Pick<WebhookClient, 'post'>;
  newUid: () => string;
}

interface ConversionResponse {
  uid?: string;
  convertedObjects?: unknown;
  result?: Status;
}

/** As kube-apiserver gives conversion webhooks. Milliseconds. */
const timeoutMs = 30_000;
const maxObjects = 500;

/** @returns the objects in the wanted version, in the same order. @throws StatusError InternalError. */
export async function convertByWebhook(converter: WebhookConverter | undefined, definition: Definition, objects: readonly KubernetesObject[], apiVersion: string): Promise<KubernetesObject[]> {
  const foreign = objects.filter((object) => object.apiVersion !== apiVersion);
  if (foreign.length === 0) return [...objects];
  const results: KubernetesObject[] = [];
  for (let begin = 0; begin < foreign.length; begin += maxObjects) {
    const part = foreign.slice(begin, begin + maxObjects);
    const subject = `conversion webhook for ${part[0]!.apiVersion}, Kind=${definition.spec.names.kind}`;
    const converted = await askWebhook(converter, definition, { objects: part, apiVersion, subject });
    if (converted.length !== part.length) throw newInternalError(`${subject} returned ${converted.length} objects, expected ${part.length}`);
    part.forEach((original, index) => results.push(checkConverted(original, converted[index], { index, apiVersion, subject })));
  }
  let next = 0;
  return objects.map((object) => (object.apiVersion === apiVersion ? object : results[next++]!));
}

interface Asked {
  objects: readonly KubernetesObject[];
  apiVersion: string;
  /** How errors begin. */
  subject: string;
}

async function askWebhook(converter: WebhookConverter | undefined, { spec }: Definition, { objects, apiVersion, subject }: Asked): Promise<unknown[]> {
  const webhook = spec.conversion?.webhook;
  if (!converter || !webhook?.clientConfig) throw newInternalError(`${subject} failed: no webhook can be called here`);
  const reviewVersion = webhook.conversionReviewVersions.find((version) => version === 'v1' || version === 'v1beta1') ?? 'v1';
  const uid = converter.newUid();
  const review = { kind: 'ConversionReview', apiVersion: `apiextensions.k8s.io/${reviewVersion}`, request: { uid, desiredAPIVersion: apiVersion, objects } };
  try {
    return readResponse(JSON.parse(await converter.client.post(webhookTarget(webhook.clientConfig), JSON.stringify(review), timeoutMs)), reviewVersion, uid);
  } catch (error) {
    throw newInternalError(`${subject} failed: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

/** @throws Error */
function readResponse(answer: unknown, reviewVersion: string, uid: string): unknown[] {
  const { kind = '', apiVersion = '', response } = typeof answer === 'object' && answer !== null ? answer as { kind?: string; apiVersion?: string; response?: ConversionResponse } : {};
  const wanted = `apiextensions.k8s.io/${reviewVersion}`;
  if (reviewVersion === 'v1' && (kind !== 'ConversionReview' || apiVersion !== wanted)) throw new Error(`expected webhook response of ${wanted}, Kind=ConversionReview, got ${apiVersion}, Kind=${kind}`);
  if (!response) throw new Error('no response provided');
  if (reviewVersion === 'v1' && response.uid !== uid) throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? '')}`);
  const { status = '', message } = response.result ?? {};
  if (status !== 'Success') throw new Error(message || `response.result.status was '${status}', not 'Success'`);
  return Array.isArray(response.convertedObjects) ? response.convertedObjects : [];
}

/** A webhook may change labels and annotations, and nothing else of metadata: the rest is put back. */
function checkConverted(original: KubernetesObject, given: unknown, { index, apiVersion, subject }: { index: number; apiVersion: string; subject: string }): KubernetesObject {
  const invalid = (why: string): Error => newInternalError(`${subject} returned invalid converted object at index ${index}: ${why}`);
  const converted = typeof given === 'object' && given !== null ? given as KubernetesObject : {};
  if (converted.apiVersion !== apiVersion) throw invalid(`invalid groupVersion (expected ${apiVersion}, received ${String(converted.apiVersion)})`);
  if (converted.kind !== original.kind) throw invalid(`invalid kind (expected ${original.kind}, received ${String(converted.kind)})`);
  const { labels: _, annotations: __, ...before } = original.metadata ?? {};
  const { labels, annotations, ...after } = converted.metadata ?? {};
  for (const [field, shown] of [['name', 'name'], ['namespace', 'namespace'], ['uid', 'UID']] as const) {
    const [wanted, found] = [before[field] ?? '', after[field] ?? ''];
    if (found !== wanted) throw invalid(`must have the same ${shown}: ${wanted} != ${found}`);
  }
  const texts = { ...checkTexts('labels', labels), ...checkTexts('annotations', annotations) };
  return { ...converted, metadata: { ...before, ...texts } };

  function checkTexts(field: string, map: unknown): object {
    if (map === undefined || map === null) return {};
    if (typeof map !== 'object' || Array.isArray(map) || !Object.values(map).every((text) => typeof text === 'string')) {
      throw newInternalError(`${subject} returned invalid metadata in object at index ${index}: metadata.${field}: Invalid value: ${JSON.stringify(map)}: must be a map of strings`);
    }
    return { [field]: map };
  }
}
