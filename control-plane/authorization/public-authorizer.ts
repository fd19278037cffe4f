/**
 * What needs no roles: health and version for everyone, discovery for every user. An API server that is given no authorizer
 * of its own uses it; the roles system:public-info-viewer and system:discovery say the same.
 */
import { authenticatedGroup } from '../authentication/authenticator.ts';
import { uniteAuthorizers, type Authorizer, type Decision } from './authorizer.ts';

const publicPaths = /^\/(version|livez|readyz|healthz)(\/.*)?$/;
const discoveryPaths = /^\/(api|apis|openapi)(\/.*)?$/;
const allowed: Decision = { decision: 'allow', reason: '' };
const noOpinion: Decision = { decision: 'no opinion', reason: '' };

export function createPublicAuthorizer(): Authorizer {
  return uniteAuthorizers([{
    authorize(attributes) {
      if (attributes.isResource || (attributes.verb !== 'get' && attributes.verb !== 'head')) return noOpinion;
      if (publicPaths.test(attributes.path)) return allowed;
      return attributes.user.groups.includes(authenticatedGroup) && discoveryPaths.test(attributes.path) ? allowed : noOpinion;
    },
  }]);
}
