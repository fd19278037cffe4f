/** The handlers of kinds that are kept nowhere, by their plural and group. */
import type { FastifyReply } from 'fastify';
import type { ResourceCall } from '../app-parts.ts';
import type { ResourceVerb } from '../request-info.ts';
import { reviewAccess, reviewLocalAccess, reviewOwnAccess, reviewOwnRules } from './access-reviews.ts';
import { getComponentStatus, listComponentStatuses } from './component-statuses.ts';
import { bindPod } from './create.ts';
import { reviewSelf, reviewToken } from './identity-reviews.ts';

type VirtualHandler = (call: ResourceCall) => Promise<FastifyReply> | FastifyReply;
type VirtualHandlers = Partial<Record<ResourceVerb, VirtualHandler>>;

interface Places {
  collection?: VirtualHandlers;
  single?: VirtualHandlers;
}

export const virtualHandlers: Readonly<Record<string, Places>> = {
  bindings: { collection: { create: bindPod } },
  componentstatuses: { collection: { list: listComponentStatuses }, single: { get: getComponentStatus } },
  'tokenreviews.authentication.k8s.io': { collection: { create: reviewToken } },
  'selfsubjectreviews.authentication.k8s.io': { collection: { create: reviewSelf } },
  'subjectaccessreviews.authorization.k8s.io': { collection: { create: reviewAccess } },
  'localsubjectaccessreviews.authorization.k8s.io': { collection: { create: reviewLocalAccess } },
  'selfsubjectaccessreviews.authorization.k8s.io': { collection: { create: reviewOwnAccess } },
  'selfsubjectrulesreviews.authorization.k8s.io': { collection: { create: reviewOwnRules } },
};
