/** The answer of a webhook, checked. Follows k8s.io/apiserver/pkg/admission/plugin/webhook/request: VerifyAdmissionResponse. */
import type { Status } from '../../../api/meta.ts';

export interface WebhookResponse {
  allowed: boolean;
  status: Status | undefined;
  /** The decoded JSON patch, empty where nothing is to change. */
  patch: readonly unknown[];
  warnings: readonly string[];
  auditAnnotations: Readonly<Record<string, string>>;
}

/** Of admission.k8s.io. In the older one answers need not name the request, nor the kind of their patch. */
export type ReviewVersion = 'v1' | 'v1beta1';

export function isReviewVersion(version: string): version is ReviewVersion {
  return version === 'v1' || version === 'v1beta1';
}

export interface AskedReview {
  uid: string;
  mutating: boolean;
  version: ReviewVersion;
}

/** @throws Error that says what is wrong with the answer. */
export function readWebhookResponse(body: string, { uid, mutating, version }: AskedReview): WebhookResponse {
  const review = parseObject(body);
  const { apiVersion = '', kind = '' } = review;
  const response = review['response'];
  if (!isObject(response)) throw new Error('webhook response was absent');
  if (apiVersion !== `admission.k8s.io/${version}` || kind !== 'AdmissionReview') {
    throw new Error(`expected webhook response of admission.k8s.io/${version}, Kind=AdmissionReview, got ${text(apiVersion)}, Kind=${text(kind)}`);
  }
  const isOld = version === 'v1beta1';
  if (!isOld && response['uid'] !== uid) throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response['uid'] ?? '')}`);
  return {
    allowed: response['allowed'] === true,
    status: isObject(response['status']) ? response['status'] : undefined,
    patch: readPatch(isOld ? { ...response, patchType: response['patch'] ? 'JSONPatch' : undefined } : response, mutating),
    warnings: Array.isArray(response['warnings']) ? response['warnings'].filter((one): one is string => typeof one === 'string').slice(0, 100) : [],
    auditAnnotations: isObject(response['auditAnnotations'])
      ? Object.fromEntries(Object.entries(response['auditAnnotations']).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
      : {},
  };
}

function readPatch(response: Readonly<Record<string, unknown>>, mutating: boolean): readonly unknown[] {
  const { patch, patchType } = response;
  const hasPatch = typeof patch === 'string' && patch.length > 0;
  if (!mutating) {
    if (hasPatch) throw new Error('validating webhook may not return response.patch');
    if (patchType !== undefined && patchType !== null) throw new Error('validating webhook may not return response.patchType');
    return [];
  }
  if (!hasPatch) {
    if (patchType !== undefined && patchType !== null) throw new Error('webhook returned response.patchType but not response.patch');
    return [];
  }
  if (patchType === undefined || patchType === null) throw new Error('webhook returned response.patch but not response.patchType');
  if (patchType !== 'JSONPatch') throw new Error(`invalid value of response.patchType, got ${JSON.stringify(patchType)}, expected "JSONPatch"`);
  let decoded: unknown;
  try {
    decoded = JSON.parse(Buffer.from(patch, 'base64').toString('utf8'));
  } catch (error) {
    throw new Error(`received undecodable patch in webhook response: ${(error as Error).message}`, { cause: error });
  }
  if (decoded === null) return [];
  if (!Array.isArray(decoded)) throw new Error('received undecodable patch in webhook response: it is no list of operations');
  return decoded;
}

function parseObject(body: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    throw new Error(`couldn't get version/kind; json parse error: ${(error as Error).message}`, { cause: error });
  }
  if (!isObject(value)) throw new Error('couldn\'t get version/kind; json parse error: not an object');
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
