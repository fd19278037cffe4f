/** The authorizers of a cluster over its store. */
import type { Storage } from '../storage/storage.ts';
import { uniteAuthorizers, type Authorizer } from './authorizer.ts';
import { createNodeAuthorizer } from './node-authorizer.ts';
import { createRbacAuthorizer } from './rbac-authorizer.ts';
import { RbacIndex } from './rbac-index.ts';

export interface AccessControl {
  index: RbacIndex;
  authorizer: Authorizer;
  stop(): void;
}

export function createAccessControl(storage: Pick<Storage, 'get' | 'list' | 'watch'>): AccessControl {
  const index = new RbacIndex(storage);
  return { index, authorizer: uniteAuthorizers([createNodeAuthorizer(storage), createRbacAuthorizer(index)]), stop: () => index.stop() };
}
