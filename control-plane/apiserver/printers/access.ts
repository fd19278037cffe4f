/** Bindings of roles, and certificate signing requests. Roles themselves have only a name. */
import type { CertificateSigningRequest } from '../../../api/certificates.ts';
import type { ClusterRoleBinding, RoleBinding, Subject } from '../../../api/rbac.ts';
import { age, humanDuration } from './human-duration.ts';
import { none } from './labels.ts';
import { ageColumn, column, nameColumn, wideColumn, type Printer } from './printer.ts';

/** @param kind roleBinding or clusterRoleBinding. */
function bindingPrinter<T extends RoleBinding | ClusterRoleBinding>(kind: string): Printer<T> {
  return {
    columns: [
      nameColumn,
      column('Role', { description: 'The role that is given.' }),
      ageColumn,
      wideColumn('Users', `Users in the ${kind}`),
      wideColumn('Groups', `Groups in the ${kind}`),
      wideColumn('ServiceAccounts', `ServiceAccounts in the ${kind}`),
    ],
    cells: ({ metadata, roleRef, subjects }, now) =>
      [metadata?.name ?? '', `${roleRef.kind}/${roleRef.name}`, age(metadata?.creationTimestamp, now), ...formatSubjects(subjects ?? [])],
  };
}

function formatSubjects(subjects: readonly Subject[]): string[] {
  const namesOf = (kind: string) => subjects.filter((subject) => subject.kind === kind);
  return [
    namesOf('User').map(({ name }) => name).join(', '),
    namesOf('Group').map(({ name }) => name).join(', '),
    namesOf('ServiceAccount').map(({ name, namespace = '' }) => `${namespace}/${name}`).join(', '),
  ];
}

export const roleBindingPrinter = bindingPrinter<RoleBinding>('roleBinding');
export const clusterRoleBindingPrinter = bindingPrinter<ClusterRoleBinding>('clusterRoleBinding');

export const certificateSigningRequestPrinter: Printer<CertificateSigningRequest> = {
  columns: [
    nameColumn,
    ageColumn,
    column('SignerName', { description: 'Who should sign it.' }),
    column('Requestor', { description: 'Who asked for it.' }),
    column('RequestedDuration', { description: 'How long the certificate should be valid.' }),
    column('Condition', { description: 'What was decided.' }),
  ],
  cells: ({ metadata, spec, status }, now) => {
    const types = (status?.conditions ?? []).map(({ type }) => type);
    const decision = types.includes('Denied') ? 'Denied' : types.includes('Approved') ? 'Approved' : 'Pending';
    return [
      metadata?.name ?? '', age(metadata?.creationTimestamp, now), spec.signerName || none, spec.username ?? '',
      spec.expirationSeconds === undefined ? none : humanDuration(spec.expirationSeconds * 1000),
      [decision, ...(types.includes('Failed') ? ['Failed'] : []), ...(status?.certificate ? ['Issued'] : [])].join(','),
    ];
  },
};
