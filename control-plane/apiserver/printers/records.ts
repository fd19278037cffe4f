/** Kinds that are little more than their name: Namespaces, ConfigMaps, Secrets, ServiceAccounts, Leases. */
import type { Lease } from '../../../api/coordination.ts';
import type { ConfigMap, Namespace, Secret, ServiceAccount } from '../../../api/core.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { age } from './human-duration.ts';
import { ageColumn, column, nameColumn, type Cell, type Column, type Printer } from './printer.ts';

/** Name, some columns, age. */
export function record<T extends KubernetesObject>(columns: Column[], cells: (object: T) => Cell[]): Printer<T> {
  return {
    columns: [nameColumn, ...columns, ageColumn],
    cells: (object, now) => [object.metadata?.name ?? '', ...cells(object), age(object.metadata?.creationTimestamp, now)],
  };
}

export function count(map: object | undefined): number {
  return Object.keys(map ?? {}).length;
}

export const namespacePrinter = record<Namespace>([column('Status', { description: 'The status of the namespace' })],
  (namespace) => [namespace.status?.phase ?? '']);

export const configMapPrinter = record<ConfigMap>([column('Data', { description: 'Number of entries.' })],
  (configMap) => [count(configMap.data) + count(configMap.binaryData)]);

export const secretPrinter = record<Secret>(
  [column('Type', { description: 'What the secret is for.' }), column('Data', { description: 'Number of entries.' })],
  (secret) => [secret.type ?? '', count(secret.data)]);

export const serviceAccountPrinter = record<ServiceAccount>([column('Secrets', { description: 'Number of secrets.' })],
  (account) => [account.secrets?.length ?? 0]);

export const leasePrinter = record<Lease>([column('Holder', { description: 'Who holds it.' })], (lease) => [lease.spec?.holderIdentity ?? '']);

/** For kinds that nobody wrote a printer for. */
export const plainPrinter: Printer = {
  columns: [nameColumn, column('Created At', { type: 'date', description: ageColumn.description })],
  cells: (object) => [object.metadata?.name ?? '', object.metadata?.creationTimestamp ?? '<unknown>'],
};
