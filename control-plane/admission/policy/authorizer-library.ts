/**
 * `authorizer` in expressions: may the user of the request, or a service account, do something? Follows
 * k8s.io/apiserver/pkg/cel/library: Authz.
 */
import type { AuthorizationAttributes, Authorizer, Decision } from '../../authorization/authorizer.ts';
import { defineMethod } from '../../cel/functions.ts';
import { CelEvaluationError } from '../../cel/program.ts';
import { bool, opaque, string, type CelType } from '../../cel/types.ts';
import { CelMap, Opaque } from '../../cel/values.ts';
import type { UserInfo } from '../../registry/registry.ts';
import type { AdmissionAttributes } from '../admission.ts';
import { nameOf } from '../match/match-rules.ts';
import { authorizerType, resourceCheckTypeName } from './policy-variables.ts';

/** As Kubernetes charges a question to an authorizer. */
const checkCost = 350_000;

const pathCheckType = opaque('kubernetes.authorization.PathCheck');
const groupCheckType = opaque('kubernetes.authorization.GroupCheck');
const resourceCheckType = opaque(resourceCheckTypeName);
const decisionType = opaque('kubernetes.authorization.Decision');

interface Asking {
  user: UserInfo;
  authorizer: Authorizer;
}

interface PathCheck extends Asking {
  path: string;
}

interface GroupCheck extends Asking {
  group: string;
}

interface ResourceCheck extends GroupCheck {
  version: string;
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
}

/** `authorizer` itself: its one field is what the request is about. */
class AuthorizerValue extends CelMap {
  readonly asking: Asking;
  private readonly requestResource: ResourceCheck | undefined;
  readonly size = 1;

  constructor(asking: Asking, requestResource?: ResourceCheck) {
    super();
    this.asking = asking;
    this.requestResource = requestResource;
  }

  get(key: unknown): unknown {
    return key === 'requestResource' && this.requestResource ? new Opaque(resourceCheckTypeName, this.requestResource) : undefined;
  }

  keys(): Iterable<unknown> {
    return ['requestResource'];
  }
}

export function authorizerValue(authorizer: Authorizer, attributes: AdmissionAttributes): CelMap {
  const { user, subresource, namespace, context } = attributes;
  const { group, version, plural } = context.requestResource ?? attributes.resource;
  const asking = { user, authorizer };
  return new AuthorizerValue(asking, { ...asking, group, version, resource: plural, subresource: subresource ?? '', namespace: namespace ?? '', name: nameOf(attributes) });
}

function ask({ authorizer }: Asking, attributes: AuthorizationAttributes): Opaque {
  return new Opaque('kubernetes.authorization.Decision', authorizer.authorize(attributes));
}

function askingOf(value: unknown): Asking {
  if (!(value instanceof AuthorizerValue)) throw new CelEvaluationError('no such overload');
  return value.asking;
}

function receiver<T>(call: (value: T, text: string) => unknown): (value: unknown, text: unknown) => unknown {
  return (value, text) => call((value as Opaque).value as T, text as string);
}

function serviceAccount({ authorizer }: Asking, namespace: string, name: string): AuthorizerValue {
  const user = { name: `system:serviceaccount:${namespace}:${name}`, groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`] };
  return new AuthorizerValue({ authorizer, user });
}

defineMethod('path', [authorizerType, string], pathCheckType, (value, path) => {
  if (path === '') throw new CelEvaluationError('path must not be empty');
  return new Opaque('kubernetes.authorization.PathCheck', { ...askingOf(value), path });
});
defineMethod('group', [authorizerType, string], groupCheckType, (value, group) => new Opaque('kubernetes.authorization.GroupCheck', { ...askingOf(value), group }));
defineMethod('serviceAccount', [authorizerType, string, string], authorizerType, (value, namespace, name) => serviceAccount(askingOf(value), namespace as string, name as string));
defineMethod('resource', [groupCheckType, string], resourceCheckType, receiver<GroupCheck>((check, resource) =>
  new Opaque(resourceCheckTypeName, { ...check, version: '*', resource, subresource: '', namespace: '', name: '' })));
for (const field of ['subresource', 'namespace', 'name'] as const) {
  defineMethod(field, [resourceCheckType, string], resourceCheckType, receiver<ResourceCheck>((check, text) => new Opaque(resourceCheckTypeName, { ...check, [field]: text })));
}
defineMethod('check', [pathCheckType, string], decisionType, receiver<PathCheck>((check, verb) =>
  ask(check, { user: check.user, isResource: false, verb, path: check.path })), checkCost);
defineMethod('check', [resourceCheckType, string], decisionType, receiver<ResourceCheck>((check, verb) => {
  const { user, group, version, resource, subresource, namespace, name } = check;
  return ask(check, { user, isResource: true, verb, group, version, resource, subresource, namespace: namespace || undefined, name: name || undefined });
}), checkCost);

const answers: Readonly<Record<string, readonly [CelType, (decision: Decision) => unknown]>> = {
  allowed: [bool, ({ decision }) => decision === 'allow'], reason: [string, ({ reason }) => reason], errored: [bool, () => false], error: [string, () => ''],
};
for (const [name, [type, answer]] of Object.entries(answers)) defineMethod(name, [decisionType], type, (value) => answer((value as Opaque).value as Decision));
