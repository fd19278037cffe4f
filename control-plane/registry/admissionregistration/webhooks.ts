/** Webhook configurations. Follows pkg/registry/admissionregistration and pkg/apis/admissionregistration. */
import type {
  MutatingWebhook, MutatingWebhookConfiguration, ValidatingWebhook, ValidatingWebhookConfiguration, WebhookClientConfig,
} from '../../../api/admissionregistration.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { mutatingWebhookConfigurations, validatingWebhookConfigurations, type Resource } from '../../../api/resources.ts';
import { deepEqual } from '../deep-equal.ts';
import { plainStrategy, type Strategy } from '../strategy.ts';
import { fullyQualifiedName } from '../validation/domain-names.ts';
import { check, duplicate, invalid, required, supportedIfSet, type FieldError } from '../validation/field-errors.ts';
import { validateLabelSelector } from '../validation/label-selector.ts';
import { dns1035Label, dnsSubdomain } from '../validation/names.ts';
import { validateMatchConditions, type ExpressionCheck } from './expressions.ts';
import { defaultRules, failurePolicies, matchPolicies, validateRule } from './rules.ts';

type Webhook = ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>;
interface Configuration extends KubernetesObject {
  webhooks?: Webhook[];
}

const noSideEffects = ['None', 'NoneOnDryRun'];
const allSideEffects = ['None', 'NoneOnDryRun', 'Some', 'Unknown'];
const reinvocationPolicies = ['IfNeeded', 'Never'];
const reviewVersions = ['v1', 'v1beta1'];

export function createMutatingWebhookStrategy(checkExpression: ExpressionCheck): Strategy<MutatingWebhookConfiguration> {
  return createStrategy(mutatingWebhookConfigurations, checkExpression, (webhook) => { webhook.reinvocationPolicy ??= 'Never'; });
}

export function createValidatingWebhookStrategy(checkExpression: ExpressionCheck): Strategy<ValidatingWebhookConfiguration> {
  return createStrategy(validatingWebhookConfigurations, checkExpression, () => {});
}

function createStrategy<T extends Configuration>(resource: Resource<T>, checkExpression: ExpressionCheck, moreDefaults: (webhook: Webhook) => void): Strategy<T> {
  return {
    ...plainStrategy,
    resource,
    allowUnconditionalUpdate: false,
    defaults({ webhooks = [] }: T) {
      for (const webhook of webhooks) {
        defaultWebhook(webhook);
        moreDefaults(webhook);
      }
    },
    validate: (configuration: T) => validateWebhooks(configuration, undefined, checkExpression),
    validateUpdate: (configuration: T, old: T) => validateWebhooks(configuration, old, checkExpression),
    generationChanged: (configuration: T, old: T) => !deepEqual(configuration.webhooks, old.webhooks),
  };
}

function defaultWebhook(webhook: Webhook): void {
  webhook.failurePolicy ??= 'Fail';
  webhook.matchPolicy ??= 'Equivalent';
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= 10;
  const { service } = (webhook as Partial<Webhook>).clientConfig ?? {};
  if (service) service.port ??= 443;
  defaultRules(webhook.rules);
}

/** Rules that got stricter do not hold for what broke them before. */
function validateWebhooks({ webhooks = [] }: Configuration, old: Configuration | undefined, checkExpression: ExpressionCheck): FieldError[] {
  const before: readonly Partial<Webhook>[] | undefined = old?.webhooks ?? (old && []);
  const hadSideEffects = before?.some(({ sideEffects }) => !noSideEffects.includes(sideEffects ?? '')) ?? false;
  const hadOddVersions = before?.some(({ admissionReviewVersions = [] }) => admissionReviewVersions.length > 0 && !admissionReviewVersions.some((version) => reviewVersions.includes(version))) ?? false;
  const hadDuplicates = before !== undefined && new Set(before.map(({ name }) => name)).size < before.length;
  const sameConditions = before !== undefined && deepEqual(before.map(({ matchConditions }) => matchConditions), webhooks.map(({ matchConditions }) => matchConditions));
  const names = new Set<string>();
  return webhooks.flatMap((webhook: Partial<Webhook>, index) => {
    const path = `webhooks[${index}]`;
    const errors = [
      ...validateWebhook(webhook, path, hadSideEffects ? allSideEffects : noSideEffects),
      ...(sameConditions ? [] : validateMatchConditions(webhook.matchConditions ?? [], `${path}.matchConditions`,
        (expression) => checkExpression(expression, { params: false, authorizer: true, variables: [], result: 'bool' }))),
      ...validateReviewVersions(webhook.admissionReviewVersions ?? [], `${path}.admissionReviewVersions`, !hadOddVersions),
    ];
    const { name } = webhook;
    if (!name) return errors;
    if (names.has(name) && !hadDuplicates) errors.push(duplicate(`${path}.name`, name));
    names.add(name);
    return errors;
  });
}

function validateWebhook(webhook: Partial<Webhook>, path: string, sideEffectClasses: readonly string[]): FieldError[] {
  const { sideEffects, timeoutSeconds: seconds } = webhook;
  return [
    ...fullyQualifiedName(`${path}.name`, webhook.name),
    ...(webhook.rules ?? []).flatMap((rule, index) => validateRule(rule, `${path}.rules[${index}]`)),
    ...supportedIfSet(`${path}.failurePolicy`, webhook.failurePolicy, failurePolicies),
    ...supportedIfSet(`${path}.matchPolicy`, webhook.matchPolicy, matchPolicies),
    ...(sideEffects === undefined ? [required(`${path}.sideEffects`, `must specify one of ${sideEffectClasses.join(', ')}`)] : supportedIfSet(`${path}.sideEffects`, sideEffects, sideEffectClasses)),
    ...(seconds !== undefined && (seconds < 1 || seconds > 30) ? [invalid(`${path}.timeoutSeconds`, seconds, 'the timeout value must be between 1 and 30 seconds')] : []),
    ...validateLabelSelector(webhook.namespaceSelector, `${path}.namespaceSelector`),
    ...validateLabelSelector(webhook.objectSelector, `${path}.objectSelector`),
    ...supportedIfSet(`${path}.reinvocationPolicy`, webhook.reinvocationPolicy, reinvocationPolicies),
    ...validateClientConfig(webhook.clientConfig ?? {}, `${path}.clientConfig`),
  ];
}

/** Of webhooks of every kind. */
export function validateReviewVersions(versions: readonly string[], path: string, mustKnowOne: boolean): FieldError[] {
  if (versions.length === 0) return [required(path, `must specify one of ${reviewVersions.join(', ')}`)];
  const errors = versions.flatMap((version, index) => (versions.indexOf(version) < index
    ? [invalid(`${path}[${index}]`, version, 'duplicate version')]
    : check(`${path}[${index}]`, version, dns1035Label)));
  if (!mustKnowOne || versions.some((version) => reviewVersions.includes(version))) return errors;
  return [...errors, invalid(path, versions, `must include at least one of ${reviewVersions.join(', ')}`)];
}

/** Of webhooks of every kind: admission here, conversion in CustomResourceDefinitions. */
export function validateClientConfig({ url, service }: WebhookClientConfig, path: string): FieldError[] {
  if ((url === undefined) === (service === undefined)) return [required(path, 'exactly one of url or service is required')];
  return url === undefined ? validateService(service ?? { name: '', namespace: '' }, `${path}.service`) : validateUrl(url, `${path}.url`);
}

const form = '; desired format: https://host[/path]';

function validateUrl(text: string, field: string): FieldError[] {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) {
    if (text.startsWith(':')) return [required(field, `url must be a valid URL: parse ${JSON.stringify(text)}: missing protocol scheme${form}`)];
    const [scheme = ''] = /^[a-z][a-z0-9+.-]*(?=:)/i.exec(text) ?? [];
    return [...(scheme === 'https' ? [] : [invalid(field, scheme, `'https' is the only allowed URL scheme${form}`)]), invalid(field, '', `host must be specified${form}`)];
  }
  const scheme = url.protocol.slice(0, -1);
  const user = url.password ? `${url.username}:${url.password}` : url.username;
  return [
    ...(scheme === 'https' ? [] : [invalid(field, scheme, `'https' is the only allowed URL scheme${form}`)]),
    ...(url.host ? [] : [invalid(field, '', `host must be specified${form}`)]),
    ...(user ? [invalid(field, user, 'user information is not permitted in the URL')] : []),
    ...(url.hash.length > 1 ? [invalid(field, url.hash.slice(1), 'fragments are not permitted in the URL')] : []),
    ...(url.search.length > 1 ? [invalid(field, url.search.slice(1), 'query parameters are not permitted in the URL')] : []),
  ];
}

type Service = NonNullable<WebhookClientConfig['service']>;

function validateService({ name, namespace, port = 443, path }: Partial<Service>, place: string): FieldError[] {
  return [
    // Kubernetes swaps the two in its messages, and so do we.
    ...(name ? [] : [required(`${place}.namespace`)]),
    ...(namespace ? [] : [required(`${place}.name`)]),
    ...(port >= 1 && port <= 65535 ? [] : [invalid(`${place}.port`, port, 'port is not valid: must be between 1 and 65535, inclusive')]),
    ...validatePath(path ?? '', `${place}.path`),
  ];
}

function validatePath(path: string, field: string): FieldError[] {
  if (path === '' || path === '/') return [];
  if (path === '//') return [invalid(field, path, 'segment[0] may not be empty')];
  const errors = path.startsWith('/') ? [] : [invalid(field, path, "must start with a '/'")];
  const steps = path.slice(1).replace(/\/$/, '').split('/');
  return [...errors, ...steps.flatMap((step, index) => (step === ''
    ? [invalid(field, path, `segment[${index}] may not be empty`)]
    : dnsSubdomain(step).map((problem) => invalid(field, path, `segment[${index}]: ${problem}`))))];
}
