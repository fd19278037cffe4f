/** APIServices. Follows k8s.io/kube-aggregator/pkg/registry/apiservice and pkg/apis/apiregistration. */
import type { APIService, APIServiceCondition, APIServiceSpec } from '../../../../api/apiregistration.ts';
import { apiServices } from '../../../../api/resources.ts';
import { timestamp, type Clock } from '../../../../machinery/clock.ts';
import { keepField } from '../../keep-field.ts';
import { plainStrategy, type Strategy } from '../../strategy.ts';
import { check, invalid, notSupported, portNumber, required, type FieldError } from '../../validation/field-errors.ts';
import { dns1035Label, dnsSubdomain, pathSegment } from '../../validation/names.ts';

const maxGroupPriority = 20_000;
const maxVersionPriority = 1000;
const statuses = ['True', 'False', 'Unknown'];

/** What an APIService without a Service says of itself. */
export function localAvailable(now: number): APIServiceCondition {
  return { type: 'Available', status: 'True', lastTransitionTime: timestamp(now), reason: 'Local', message: 'Local APIServices are always available' };
}

/** @param clock dates the condition of local ones. */
export function createApiServiceStrategy(clock: Pick<Clock, 'now'>): Strategy<APIService> {
  return {
    ...plainStrategy,
    resource: apiServices,
    allowUnconditionalUpdate: false,
    defaults(apiService) {
      if (apiService.spec?.service) apiService.spec.service.port ??= 443;
    },
    validate: validateApiService,
    validateUpdate: validateApiService,
    validateStatusUpdate: ({ status }) => (status?.conditions ?? []).flatMap(({ status: value }, index) =>
      (statuses.includes(value) ? [] : [notSupported(`status.conditions[${index}].status`, value, statuses)])),
    prepareForCreate(apiService) {
      apiService.status = apiService.spec?.service ? {} : { conditions: [localAvailable(clock.now())] };
    },
    prepareForUpdate(apiService, old) {
      keepField(apiService, old, 'status');
    },
    prepareForStatusUpdate(apiService, old) {
      keepField(apiService, old, 'spec');
      keepField(apiService.metadata!, old.metadata, 'labels');
      keepField(apiService.metadata!, old.metadata, 'annotations');
      keepField(apiService.metadata!, old.metadata, 'finalizers');
      keepField(apiService.metadata!, old.metadata, 'ownerReferences');
    },
  };
}

export function validateApiService({ metadata, spec }: APIService): FieldError[] {
  const { group = '', version = '', service, caBundle, insecureSkipTLSVerify, groupPriorityMinimum = 0, versionPriority = 0 }: Partial<APIServiceSpec> = spec ?? {};
  const name = metadata?.name ?? '';
  const errors = [
    ...(name === '' || pathSegment(name).length > 0 || name === `${version}.${group}`
      ? []
      : [invalid('metadata.name', name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(`${version}.${group}`)}`)]),
    ...(group === '' && version !== 'v1' ? [required('spec.group', 'only v1 may have an empty group and it better be legacy kube')] : []),
    ...(group ? check('spec.group', group, dnsSubdomain) : []),
    ...check('spec.version', version, dns1035Label),
    ...priority('spec.groupPriorityMinimum', groupPriorityMinimum, maxGroupPriority),
    ...priority('spec.versionPriority', versionPriority, maxVersionPriority),
  ];
  if (service) return [...errors, ...validateService(service), ...(insecureSkipTLSVerify && caBundle ? [invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present')] : [])];
  if (caBundle) errors.push(invalid('spec.caBundle', `${Buffer.from(caBundle, 'base64').length} bytes`, 'local APIServices may not have a caBundle'));
  if (insecureSkipTLSVerify) errors.push(invalid('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify'));
  return errors;
}

function priority(field: string, value: number, limit: number): FieldError[] {
  return value > 0 && value <= limit ? [] : [invalid(field, value, `must be positive and less than ${limit}`)];
}

function validateService({ namespace, name, port }: NonNullable<APIServiceSpec['service']>): FieldError[] {
  return [
    ...(namespace ? [] : [required('spec.service.namespace')]),
    ...(name ? [] : [required('spec.service.name')]),
    ...portNumber('spec.service.port', port).map(({ message }) => invalid('spec.service.port', port ?? 0, `port is not valid: ${message.replace(/^.*?: \S+: /, '')}`)),
  ];
}
