/** The FlowSchemas and priority levels of the store, as the limits use them. Follows k8s.io/apiserver/pkg/util/flowcontrol. */
import type { FlowSchema, NonResourcePolicyRule, PriorityLevelConfiguration, ResourcePolicyRule, Subject } from '../../../api/flowcontrol.ts';
import { flowSchemas, priorityLevelConfigurations } from '../../../api/resources.ts';
import { serviceAccountUserName } from '../../authentication/service-account-names.ts';
import { mandatoryFlowSchemas, mandatoryPriorityLevels } from '../../registry/flowcontrol/mandatory-objects.ts';
import { suggestedFlowSchemas, suggestedPriorityLevels } from '../../registry/flowcontrol/suggested-objects.ts';
import type { UserInfo } from '../../registry/registry.ts';
import { listPrefix } from '../../storage/keys.ts';
import type { Storage } from '../../storage/storage.ts';

/** As much of a request as decides about its flow. */
export interface FlowRequest {
  isResource?: boolean;
  verb?: string;
  path?: string;
  group?: string;
  resource?: string;
  subresource?: string;
  namespace?: string | undefined;
}

/** Changes as a whole: a new object is a new configuration. */
export interface FlowRules {
  /** In the order in which they are asked, without those whose level is missing. */
  schemas: readonly FlowSchema[];
  levels: ReadonlyMap<string, PriorityLevelConfiguration>;
}

export class FlowConfiguration {
  private readonly storage: Pick<Storage, 'list' | 'watch' | 'revision'>;
  private rules: FlowRules | undefined;
  private stopped = false;
  private readonly unwatch = new Map<string, () => void>();

  constructor(storage: Pick<Storage, 'list' | 'watch' | 'revision'>) {
    this.storage = storage;
    for (const resource of [flowSchemas, priorityLevelConfigurations]) this.follow(listPrefix(resource));
  }

  get current(): FlowRules {
    this.rules ??= this.read();
    return this.rules;
  }

  stop(): void {
    this.stopped = true;
    for (const unwatch of this.unwatch.values()) unwatch();
  }

  private follow(prefix: string): void {
    this.unwatch.set(prefix, this.storage.watch(prefix, this.storage.revision, {
      events: () => { this.rules = undefined; },
      closed: () => {
        this.rules = undefined;
        // Not within the store's own call.
        queueMicrotask(() => { if (!this.stopped) this.follow(prefix); });
      },
    }));
  }

  private read(): FlowRules {
    const all = (resource: typeof flowSchemas | typeof priorityLevelConfigurations) => this.storage.list(listPrefix(resource)).items.map(({ object }) => object);
    return rulesOf(all(flowSchemas) as FlowSchema[], all(priorityLevelConfigurations) as PriorityLevelConfiguration[]);
  }
}

/** What is mandatory counts also while the store lacks it. */
function rulesOf(found: readonly FlowSchema[], foundLevels: readonly PriorityLevelConfiguration[]): FlowRules {
  const precedence = ({ spec }: FlowSchema): number => spec?.matchingPrecedence ?? 1000;
  const nameOf = ({ metadata }: FlowSchema | PriorityLevelConfiguration): string => metadata?.name ?? '';
  const levels = new Map([...mandatoryPriorityLevels, ...foundLevels].map((level) => [nameOf(level), level]));
  const schemas = [...new Map([...mandatoryFlowSchemas, ...found].map((schema) => [nameOf(schema), schema])).values()]
    .filter(({ spec }) => levels.has(spec?.priorityLevelConfiguration.name ?? ''))
    .sort((one, other) => precedence(one) - precedence(other) || (nameOf(one) < nameOf(other) ? -1 : 1));
  return { schemas, levels };
}

/** Those of a cluster in which nobody changed them. */
export function suggestedRules(): FlowRules {
  return rulesOf(suggestedFlowSchemas, suggestedPriorityLevels);
}

/** The first that matches, as Kubernetes asks them. */
export function findFlowSchema({ schemas }: FlowRules, user: UserInfo, request: FlowRequest): FlowSchema | undefined {
  return schemas.find(({ spec }) => spec?.rules?.some((rule) => rule.subjects.some((subject) => isSubject(subject, user))
    && (request.isResource ? rule.resourceRules?.some((one) => coversResource(one, request)) : rule.nonResourceRules?.some((one) => coversPath(one, request)))));
}

/** Whose turn it is among those of one schema. */
export function flowOf({ metadata, spec }: FlowSchema, user: UserInfo, { namespace }: FlowRequest): string {
  const by = spec?.distinguisherMethod?.type;
  return `${metadata?.name}/${by === 'ByUser' ? user.name : by === 'ByNamespace' ? namespace ?? '' : ''}`;
}

function isSubject({ kind, user, group, serviceAccount }: Subject, { name, groups }: UserInfo): boolean {
  if (kind === 'User') return user?.name === '*' || user?.name === name;
  if (kind === 'Group') return group?.name === '*' || groups.includes(group?.name ?? '');
  if (!serviceAccount) return false;
  if (serviceAccount.name === '*') return name.startsWith(serviceAccountUserName({ namespace: serviceAccount.namespace, name: '' }));
  return name === serviceAccountUserName(serviceAccount);
}

function has(list: readonly string[] | undefined, value: string): boolean {
  return list !== undefined && (list.includes('*') || list.includes(value));
}

function coversResource({ verbs, apiGroups, resources, namespaces, clusterScope }: ResourcePolicyRule, { verb = '', group = '', resource = '', subresource, namespace }: FlowRequest): boolean {
  if (!has(verbs, verb) || !has(apiGroups, group) || !has(resources, subresource ? `${resource}/${subresource}` : resource)) return false;
  return namespace ? has(namespaces, namespace) : clusterScope === true;
}

function coversPath({ verbs, nonResourceURLs }: NonResourcePolicyRule, { verb = '', path = '' }: FlowRequest): boolean {
  return has(verbs, verb) && nonResourceURLs.some((pattern) => pattern === '*' || pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1))));
}
