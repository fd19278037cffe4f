/** ServiceAccounts. Follows pkg/registry/core/serviceaccount. */
import type { ServiceAccount } from '../../../../api/core.ts';
import { serviceAccounts } from '../../../../api/resources.ts';
import { plainStrategy } from '../../strategy.ts';
import type { Strategy } from '../../strategy.ts';

export const serviceAccountStrategy: Strategy<ServiceAccount> = { ...plainStrategy, resource: serviceAccounts, returnsDeletedObject: true };
