/** Who somebody is: SelfSubjectReview and TokenReview. Follows pkg/registry/authentication. */
import type { FastifyReply } from 'fastify';
import type { SelfSubjectReview, TokenReview } from '../../../api/authentication.ts';
import { newBadRequest } from '../../../api/errors.ts';
import { selfSubjectReviews, tokenReviews } from '../../../api/resources.ts';
import { timestamp } from '../../../machinery/clock.ts';
import type { UserInfo } from '../../registry/registry.ts';
import type { ResourceCall } from '../app-parts.ts';
import { parseWriteOptions } from '../query-options.ts';
import { sendObject } from '../responses.ts';
import { admitReview } from './admit-review.ts';
import { decodeRequest } from './request-object.ts';

export async function reviewSelf(call: ResourceCall): Promise<FastifyReply> {
  const { fieldValidation } = parseWriteOptions(call.query, 'CreateOptions');
  await admitReview(call, await decodeRequest<SelfSubjectReview>(call, selfSubjectReviews, fieldValidation));
  return sendObject(call, 201, {
    metadata: { creationTimestamp: timestamp(call.parts.clock.now()) }, status: { userInfo: wireUser(call.request.user) },
  } as SelfSubjectReview);
}

export async function reviewToken(call: ResourceCall): Promise<FastifyReply> {
  const { fieldValidation } = parseWriteOptions(call.query, 'CreateOptions');
  const review = await decodeRequest<TokenReview>(call, tokenReviews, fieldValidation);
  if (!askedOf(review).token) throw newBadRequest('token is required for TokenReview in authentication');
  await admitReview(call, review);
  const { token = '', audiences = [] } = askedOf(review);
  if (!call.parts.tokens) return sendObject(call, 201, review);
  const result = await call.parts.tokens.review(token, audiences);
  const status = 'user' in result
    ? { authenticated: true, user: wireUser(result.user), audiences: result.audiences }
    : { user: {}, error: result.error };
  return sendObject(call, 201, { ...review, status } as TokenReview);
}

/** Clients may leave out what the type says is there. */
function askedOf(review: Partial<TokenReview>): TokenReview['spec'] {
  return review.spec ?? {};
}

/** authentication.k8s.io UserInfo. */
export function wireUser({ name, uid, groups, extra }: UserInfo): NonNullable<NonNullable<TokenReview['status']>['user']> {
  return {
    username: name, ...(uid ? { uid } : {}), groups: [...groups],
    ...(extra && Object.keys(extra).length > 0 ? { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])) } : {}),
  };
}
