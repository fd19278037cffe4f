/** What extends the API: webhook configurations, admission policies, APIServices. */
import type {
  MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, MutatingWebhookConfiguration, ParamKind, ParamRef, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, ValidatingWebhookConfiguration,
} from '../../../api/admissionregistration.ts';
import type { APIService } from '../../../api/apiregistration.ts';
import type { LabelSelector } from '../../../api/meta.ts';
import { column, type Printer } from './printer.ts';
import { record } from './records.ts';

const unset = '<unset>';
const webhookColumn = column('Webhooks', { type: 'integer', description: 'Webhooks indicates the number of webhooks registered in this configuration' });

export const mutatingWebhookPrinter: Printer<MutatingWebhookConfiguration> = record<MutatingWebhookConfiguration>([webhookColumn], ({ webhooks }) => [webhooks?.length ?? 0]);
export const validatingWebhookPrinter: Printer<ValidatingWebhookConfiguration> = record<ValidatingWebhookConfiguration>([webhookColumn], ({ webhooks }) => [webhooks?.length ?? 0]);

export const policyPrinter: Printer<ValidatingAdmissionPolicy> = record<ValidatingAdmissionPolicy>([
  column('Validations', { type: 'integer', description: 'Validations indicates the number of validation rules defined in this configuration' }),
  column('ParamKind', { description: 'ParamKind specifies the kind of resources used to parameterize this policy' }),
], ({ spec }) => [
  spec?.validations?.length ?? 0, formatParamKind(spec?.paramKind),
]);

export const mutatingPolicyPrinter: Printer<MutatingAdmissionPolicy> = record<MutatingAdmissionPolicy>([
  column('Mutations', { type: 'integer', description: 'Mutation indicates the number of mutations rules defined in this configuration' }),
  column('ParamKind', { description: 'ParamKind specifies the kind of resources used to parameterize this policy' }),
], ({ spec }) => [spec?.mutations?.length ?? 0, formatParamKind(spec?.paramKind)]);

export const policyBindingPrinter: Printer<ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding> = record<ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding>([
  column('PolicyName', { description: 'PolicyName indicates the policy definition which the policy binding binded to' }),
  column('ParamRef', { description: 'ParamRef indicates the param resource which sets the configration param' }),
], ({ spec }) => [spec?.policyName ?? '', formatParamRef(spec?.paramRef)]);

function formatParamKind(kind: ParamKind | undefined): string {
  return kind ? `${kind.apiVersion ?? ''}/${kind.kind ?? ''}` : unset;
}

function formatParamRef(reference: ParamRef | undefined): string {
  if (reference?.name) return `${reference.namespace || '*'}/${reference.name}`;
  return reference?.selector ? formatGoSelector(reference.selector) : unset;
}

/** As Go prints the type, which is what Kubernetes shows here. */
function formatGoSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const labels = Object.entries(matchLabels).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}: ${value},`).join('');
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`).join('');
  return `&LabelSelector{MatchLabels:map[string]string{${labels}},MatchExpressions:[]LabelSelectorRequirement{${expressions}},}`;
}

export const apiServicePrinter: Printer<APIService> = record<APIService>([
  column('Service', { description: 'The reference to the service that hosts this API endpoint.' }),
  column('Available', { description: 'Whether this service is available.' }),
], ({ spec, status }) => {
  const { service } = spec ?? {};
  const { status: available = 'Unknown', reason } = status?.conditions?.find(({ type }) => type === 'Available') ?? {};
  return [service ? `${service.namespace ?? ''}/${service.name ?? ''}` : 'Local', available === 'True' || !reason ? available : `${available} (${reason})`];
});
