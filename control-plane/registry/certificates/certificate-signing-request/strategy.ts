/**
 * CertificateSigningRequests. Who asks is written into the spec, which never changes; approvers change the conditions, the
 * signer the certificate. Follows pkg/registry/certificates/certificates.
 */
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '../../../../api/certificates.ts';
import { certificateSigningRequests } from '../../../../api/resources.ts';
import { timestamp, type Clock } from '../../../../machinery/clock.ts';
import { keepField } from '../../keep-field.ts';
import { plainStrategy, type Strategy } from '../../strategy.ts';
import { validateRequest, validateRequestUpdate } from './validation.ts';

type Request = CertificateSigningRequest;

/** @param clock dates conditions. */
export function createCertificateSigningRequestStrategy(clock: Pick<Clock, 'now'>): Strategy<Request> {
  return {
    ...plainStrategy,
    resource: certificateSigningRequests,
    selectableFields: ['spec.signerName'],
    selectField: ({ spec }: { spec?: Partial<Request['spec']> }, field) => (field === 'spec.signerName' ? spec?.signerName ?? '' : ''),
    defaults(request) {
      const given: Partial<Request> = request;
      given.spec ??= { request: '', signerName: '' };
      const spec: Partial<Request['spec']> = given.spec;
      spec.signerName ??= '';
    },
    validate: validateRequest,
    validateUpdate: (request, old) => validateRequestUpdate(request, old),
    validateStatusUpdate: (request, old) => validateRequestUpdate(request, old, { issue: true }),
    prepareForCreate(request, { user }) {
      const { username: _, uid: __, groups: ___, extra: ____, ...spec } = request.spec;
      request.spec = {
        ...spec, username: user.name, ...(user.uid ? { uid: user.uid } : {}), groups: [...user.groups],
        ...(user.extra ? { extra: Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]])) } : {}),
      };
      request.status = {};
    },
    prepareForUpdate(request, old) {
      keepField(request, old, 'spec');
      keepField(request, old, 'status');
    },
    prepareForStatusUpdate(request, old) {
      keepField(request, old, 'spec');
      for (const type of ['Approved', 'Denied']) keepConditions(request, old, type);
      dateConditions(request, old, timestamp(clock.now()));
    },
    subresourceUpdates: {
      approval: {
        prepare: (request, old) => prepareForApproval(request, old, timestamp(clock.now())),
        validate: (request, old) => validateRequestUpdate(request, old, { approve: true }),
      },
    },
  };
}

/** Only the conditions are an approver's. */
function prepareForApproval(request: Request, old: Request, now: string): void {
  dateConditions(request, old, now);
  const conditions = request.status?.conditions;
  keepField(request, old, 'spec');
  request.status = { ...old.status };
  if (conditions) request.status.conditions = conditions;
  else delete request.status.conditions;
}

/** A signer sends back what it read, maybe with less in it. */
function keepConditions(request: Request, old: Request, type: string): void {
  const before = (old.status?.conditions ?? []).filter((condition) => condition.type === type);
  const conditions = request.status?.conditions ?? [];
  const places = conditions.flatMap((condition, index) => (condition.type === type ? [index] : []));
  // Added or taken away: left as it is, for validation to refuse.
  if (places.length !== before.length) return;
  places.forEach((place, index) => { conditions[place] = before[index]!; });
}

function dateConditions(request: Request, old: Request, now: string): void {
  const conditions = request.status?.conditions;
  if (!conditions || !request.status) return;
  request.status.conditions = conditions.map((condition): CertificateSigningRequestCondition => {
    const same = (old.status?.conditions ?? []).find(({ type, status, lastTransitionTime }) => type === condition.type && status === condition.status && lastTransitionTime);
    return {
      ...condition,
      lastUpdateTime: condition.lastUpdateTime ?? now,
      lastTransitionTime: condition.lastTransitionTime ?? same?.lastTransitionTime ?? now,
    };
  });
}
