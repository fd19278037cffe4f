/** A service account as a user. Follows k8s.io/apiserver/pkg/authentication/serviceaccount. */

const userPrefix = 'system:serviceaccount:';
const allAccountsGroup = 'system:serviceaccounts';

export interface AccountName {
  namespace: string;
  name: string;
}

export function serviceAccountUserName({ namespace, name }: AccountName): string {
  return `${userPrefix}${namespace}:${name}`;
}

/** Without system:authenticated, which every user has. */
export function serviceAccountGroups(namespace: string): string[] {
  return [allAccountsGroup, `${allAccountsGroup}:${namespace}`];
}

/** @returns undefined for users that are no service account. */
export function splitServiceAccountName(userName: string): AccountName | undefined {
  if (!userName.startsWith(userPrefix)) return undefined;
  const [namespace, name, ...rest] = userName.slice(userPrefix.length).split(':');
  return namespace && name && rest.length === 0 ? { namespace, name } : undefined;
}
