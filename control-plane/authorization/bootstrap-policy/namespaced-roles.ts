/** The Roles and RoleBindings of kube-system and kube-public. Follows bootstrappolicy/namespace_policy. */
import type { Role, RoleBinding } from '../../../api/rbac.ts';
import { binding, eventsRule, read, role, rule, toAccount, toUser } from './policy-objects.ts';

const system = 'kube-system';
const everyone = 'kube-public';
const signer = 'system:controller:bootstrap-signer';
const cleaner = 'system:controller:token-cleaner';
const reader = 'extension-apiserver-authentication-reader';
const managerLock = 'system::leader-locking-kube-controller-manager';
const schedulerLock = 'system::leader-locking-kube-scheduler';

export const roleTable: readonly Role[] = [
  role(system, reader, [rule(read, 'core', 'configmaps', 'extension-apiserver-authentication')]),
  role(system, signer, [rule(read, 'core', 'secrets')]),
  role(system, cleaner, [rule('delete get list watch', 'core', 'secrets'), eventsRule]),
  role(system, managerLock, [rule('watch', 'core', 'configmaps'), rule('get update', 'core', 'configmaps', 'kube-controller-manager')]),
  role(system, schedulerLock, [rule('watch', 'core', 'configmaps'), rule('get update', 'core', 'configmaps', 'kube-scheduler')]),
  role(everyone, signer, [rule(read, 'core', 'configmaps'), rule('update', 'core', 'configmaps', 'cluster-info'), eventsRule]),
];

const manager = 'kube-controller-manager';
const scheduler = 'kube-scheduler';

export const roleBindingTable: readonly RoleBinding[] = [
  binding(system, 'system::extension-apiserver-authentication-reader', [toUser(`system:${manager}`), toUser(`system:${scheduler}`)], reader),
  binding(system, managerLock, [toUser(`system:${manager}`), toAccount(manager)]),
  binding(system, schedulerLock, [toUser(`system:${scheduler}`), toAccount(scheduler)]),
  binding(system, signer, [toAccount('bootstrap-signer')]),
  binding(system, cleaner, [toAccount('token-cleaner')]),
  binding(everyone, signer, [toAccount('bootstrap-signer')]),
];
