/** Secrets. Follows pkg/registry/core/secret. */
import type { Secret } from '../../../../api/core.ts';
import { secrets } from '../../../../api/resources.ts';
import { plainStrategy } from '../../strategy.ts';
import type { Strategy } from '../../strategy.ts';
import { defaultSecret } from './defaults.ts';
import { validateSecret, validateSecretUpdate } from './validation.ts';

export const secretStrategy: Strategy<Secret> = {
  ...plainStrategy,
  resource: secrets,
  selectableFields: ['type'],
  selectField: (secret, field) => (field === 'type' ? secret.type ?? '' : ''),
  defaults: defaultSecret,
  validate: validateSecret,
  validateUpdate: validateSecretUpdate,
};
