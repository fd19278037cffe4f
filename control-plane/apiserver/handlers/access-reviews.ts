/** SubjectAccessReview and its kin: the authorizer, asked by clients. Follows pkg/registry/authorization and pkg/apis/authorization/validation. */
import type { FastifyReply } from 'fastify';
import type { LocalSubjectAccessReview, SelfSubjectAccessReview, SelfSubjectRulesReview, SubjectAccessReview } from '../../../api/authorization.ts';
import { newBadRequest, newInvalid, type FieldError } from '../../../api/errors.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import type { Resource } from '../../../api/resources.ts';
import type { AuthorizationAttributes, Authorizer } from '../../authorization/authorizer.ts';
import type { UserInfo } from '../../registry/registry.ts';
import type { ResourceCall } from '../app-parts.ts';
import { parseWriteOptions } from '../query-options.ts';
import { sendObject } from '../responses.ts';
import { admitReview } from './admit-review.ts';
import { decodeRequest } from './request-object.ts';
import { fieldRequirementsOf, selectorErrors, type SelectedAttributes } from './selector-attributes.ts';

type AccessSpec = Pick<SubjectAccessReview['spec'], 'resourceAttributes' | 'nonResourceAttributes'>;

async function decodeReview<T extends KubernetesObject & { spec: object }>(call: ResourceCall): Promise<T> {
  const { fieldValidation } = parseWriteOptions(call.query, 'CreateOptions');
  // The row of the table says which kind it is.
  const review = await decodeRequest<T>(call, call.resource as unknown as Resource<T>, fieldValidation);
  // Clients may leave out what the type says is there.
  const given: Partial<Pick<T, 'spec'>> = review;
  return given.spec ? review : { ...review, spec: {} };
}

export async function reviewAccess(call: ResourceCall): Promise<FastifyReply> {
  const review = await decodeReview<SubjectAccessReview>(call);
  await admit(call, review, [...specErrors(review.spec), ...subjectErrors(review.spec), ...metadataErrors(review)]);
  return answer(call, review, subjectOf(review.spec));
}

export async function reviewLocalAccess(call: ResourceCall): Promise<FastifyReply> {
  const review = await decodeReview<LocalSubjectAccessReview>(call);
  const namespace = call.info.namespace ?? '';
  const inObject = review.metadata?.namespace;
  if (inObject && inObject !== namespace) throw newBadRequest('the namespace of the provided object does not match the namespace sent on the request');
  review.metadata = { ...review.metadata, namespace };
  const { resourceAttributes, nonResourceAttributes } = review.spec;
  const errors = [...specErrors(review.spec), ...subjectErrors(review.spec), ...metadataErrors(review)];
  if (resourceAttributes && resourceAttributes.namespace !== namespace) {
    errors.push({ reason: 'FieldValueInvalid', field: 'spec.resourceAttributes.namespace', message: `Invalid value: ${JSON.stringify(resourceAttributes.namespace ?? '')}: must match metadata.namespace` });
  }
  if (nonResourceAttributes) {
    errors.push({ reason: 'FieldValueInvalid', field: 'spec.nonResourceAttributes', message: `Invalid value: ${JSON.stringify(nonResourceAttributes)}: disallowed on this kind of request` });
  }
  await admit(call, review, errors);
  return answer(call, review, subjectOf(review.spec));
}

export async function reviewOwnAccess(call: ResourceCall): Promise<FastifyReply> {
  const review = await decodeReview<SelfSubjectAccessReview>(call);
  await admit(call, review, [...specErrors(review.spec), ...metadataErrors(review)]);
  return answer(call, review, call.request.user);
}

export async function reviewOwnRules(call: ResourceCall): Promise<FastifyReply> {
  const review = await decodeReview<SelfSubjectRulesReview>(call);
  if (!review.spec.namespace) throw newBadRequest('no namespace on request');
  await admitReview(call, review);
  const { namespace = '' } = review.spec;
  const { rules, incomplete, evaluationError } = call.parts.authorizer.rulesFor?.(call.request.user, namespace)
    ?? { rules: [], incomplete: true, evaluationError: 'the rules of this server cannot be listed' };
  return sendObject(call, 201, {
    ...review,
    status: {
      resourceRules: rules.filter((rule) => rule.resources?.length).map(({ verbs, apiGroups, resources, resourceNames }) => ({ verbs, apiGroups, resources, ...(resourceNames ? { resourceNames } : {}) })),
      nonResourceRules: rules.filter((rule) => rule.nonResourceURLs?.length).map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
      incomplete, ...(evaluationError ? { evaluationError } : {}),
    },
  } as SelfSubjectRulesReview);
}

function answer(call: ResourceCall, review: KubernetesObject & { spec: AccessSpec }, user: UserInfo): Promise<FastifyReply> {
  const status = statusOf(call.parts.authorizer, user, review.spec);
  return sendObject(call, 201, { ...review, status } as KubernetesObject);
}

function statusOf(authorizer: Authorizer, user: UserInfo, spec: AccessSpec): NonNullable<SubjectAccessReview['status']> {
  const { decision, reason } = authorizer.authorize(attributesOf(user, spec));
  return { allowed: decision === 'allow', ...(decision === 'deny' ? { denied: true } : {}), ...(reason ? { reason } : {}) };
}

function attributesOf(user: UserInfo, { resourceAttributes, nonResourceAttributes }: AccessSpec): AuthorizationAttributes {
  if (!resourceAttributes) return { user, isResource: false, verb: nonResourceAttributes?.verb ?? '', path: nonResourceAttributes?.path ?? '' };
  const { verb = '', group = '', version = '', resource = '', subresource = '', namespace, name } = resourceAttributes;
  const fieldSelector = fieldRequirementsOf((resourceAttributes as SelectedAttributes).fieldSelector);
  return { user, isResource: true, verb, group, version, resource, subresource, namespace, name, ...(fieldSelector ? { fieldSelector } : {}) };
}

function subjectOf({ user = '', uid, groups = [], extra }: SubjectAccessReview['spec']): UserInfo {
  return { name: user, groups, ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) };
}

function specErrors({ resourceAttributes, nonResourceAttributes }: AccessSpec): FieldError[] {
  if (resourceAttributes && nonResourceAttributes) {
    return [{ reason: 'FieldValueInvalid', field: 'spec.nonResourceAttributes', message: `Invalid value: ${JSON.stringify(nonResourceAttributes)}: cannot be specified in combination with resourceAttributes` }];
  }
  if (resourceAttributes) return selectorErrors(resourceAttributes as SelectedAttributes);
  if (nonResourceAttributes) return [];
  return [{ reason: 'FieldValueInvalid', field: 'spec.resourceAttributes', message: 'Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified' }];
}

function subjectErrors({ user, groups }: SubjectAccessReview['spec']): FieldError[] {
  return user || groups?.length ? [] : [{ reason: 'FieldValueInvalid', field: 'spec.user', message: 'Invalid value: "": at least one of user or group must be specified' }];
}

/** A review is a question, not an object: it has no name. */
function metadataErrors({ metadata }: KubernetesObject): FieldError[] {
  const { namespace: _, managedFields: __, ...rest } = metadata ?? {};
  return Object.keys(rest).length === 0 ? [] : [{ reason: 'FieldValueInvalid', field: 'metadata', message: `Invalid value: ${JSON.stringify(metadata)}: must be empty except for namespace` }];
}

/** @throws StatusError Invalid for errors, or what admission refuses with. */
async function admit(call: ResourceCall, review: KubernetesObject, errors: FieldError[]): Promise<void> {
  if (errors.length > 0) throw newInvalid(call.resource, '', errors);
  await admitReview(call, review);
}
