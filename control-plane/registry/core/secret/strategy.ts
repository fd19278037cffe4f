/** Secrets. Follows pkg/registry/core/secret. */
import type { Secret } from '../../../../api/core.ts';
import { secrets } from '../../../../api/resources.ts';
import { plainStrategy } from '../../strategy.ts';
import type { Strategy } from '../../strategy.ts';

export const secretStrategy: Strategy<Secret> = {
  ...plainStrategy,
  resource: secrets,
  selectableFields: ['type'],
  selectField: (secret, field) => (field === 'type' ? secret.type ?? '' : ''),
  prepareForUpdate(secret, old) {
    // Clients that leave the type out mean the one it has: it cannot change.
    if (!secret.type && old.type) secret.type = old.type;
  },
};
