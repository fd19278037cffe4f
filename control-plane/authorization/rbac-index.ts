/**
 * Roles and bindings by subject, kept by watching the store: a request looks up its user and groups instead of reading
 * every binding. Level-triggered: when the watch breaks, everything is read anew.
 */
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject } from '../../api/rbac.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import { clusterRoleBindings, clusterRoles, roleBindings, roles, type Resource } from '../../api/resources.ts';
import { serviceAccountUserName } from '../authentication/service-account-names.ts';
import type { UserInfo } from '../registry/registry.ts';
import { resourcePrefix, storageKey } from '../storage/keys.ts';
import type { Storage, StorageEvent } from '../storage/storage.ts';

type Binding = RoleBinding | ClusterRoleBinding;
/** Subject → binding key → binding. */
type Subjects = Map<string, Map<string, Binding>>;

/** A binding that names the user, by which subject, and the rules it gives. */
export interface Grant {
  binding: Binding;
  subject: Subject;
  /** undefined: the role does not exist. */
  rules: readonly PolicyRule[] | undefined;
}

/** The namespace key of cluster-wide bindings. */
const everywhere = '';

export class RbacIndex {
  private readonly storage: Pick<Storage, 'get' | 'list' | 'watch'>;
  private readonly places = new Map<string, Subjects>();
  private readonly stops = new Map<Resource, () => void>();
  private stopped = false;

  constructor(storage: Pick<Storage, 'get' | 'list' | 'watch'>) {
    this.storage = storage;
    this.follow(clusterRoleBindings);
    this.follow(roleBindings);
  }

  stop(): void {
    this.stopped = true;
    for (const stop of this.stops.values()) stop();
    this.stops.clear();
  }

  /** What the user has by cluster-wide bindings, then by those of the namespace; stops when `visit` returns true. */
  visit(user: UserInfo, namespace: string | undefined, visit: (grant: Grant) => boolean): void {
    if (this.visitPlace(this.places.get(everywhere), user, visit)) return;
    if (namespace) this.visitPlace(this.places.get(namespace), user, visit);
  }

  /** The rules of the role that a binding names, undefined when it does not exist. */
  rulesOf(roleRef: RoleRef, namespace: string | undefined): readonly PolicyRule[] | undefined {
    const key = roleRef.kind === 'Role' ? storageKey(roles, namespace, roleRef.name) : storageKey(clusterRoles, undefined, roleRef.name);
    const stored = this.storage.get(key);
    return stored && ((stored.object as Role | ClusterRole).rules ?? []);
  }

  private visitPlace(subjects: Subjects | undefined, user: UserInfo, visit: (grant: Grant) => boolean): boolean {
    if (!subjects) return false;
    if (this.visitSubject(subjects.get(`User ${user.name}`), { kind: 'User', name: user.name }, visit)) return true;
    return user.groups.some((name) => this.visitSubject(subjects.get(`Group ${name}`), { kind: 'Group', name }, visit));
  }

  private visitSubject(bindings: Map<string, Binding> | undefined, subject: Subject, visit: (grant: Grant) => boolean): boolean {
    if (!bindings) return false;
    for (const binding of bindings.values()) {
      if (visit({ binding, subject, rules: this.rulesOf(binding.roleRef, binding.metadata?.namespace) })) return true;
    }
    return false;
  }

  private follow(resource: Resource): void {
    const prefix = resourcePrefix(resource);
    const { items, revision } = this.storage.list(prefix);
    for (const { key, object } of items) this.put(key, object);
    this.stops.set(resource, this.storage.watch(prefix, revision, {
      events: (events) => { for (const event of events) this.apply(event); },
      closed: () => {
        if (this.stopped) return;
        this.forget(resource);
        // Not within the store's own call.
        queueMicrotask(() => { if (!this.stopped) this.follow(resource); });
      },
    }));
  }

  private forget(resource: Resource): void {
    for (const [namespace, subjects] of this.places) {
      if ((namespace === everywhere) !== (resource === clusterRoleBindings)) continue;
      subjects.clear();
    }
  }

  private apply({ type, key, object, previous }: StorageEvent): void {
    if (previous) this.take(key, previous);
    if (type === 'put') this.put(key, object);
  }

  private put(key: string, object: KubernetesObject): void {
    const binding = object as Binding;
    const place = binding.metadata?.namespace ?? everywhere;
    const subjects = this.places.get(place) ?? new Map<string, Map<string, Binding>>();
    this.places.set(place, subjects);
    for (const subject of subjectKeys(binding)) {
      const bindings = subjects.get(subject);
      if (bindings) bindings.set(key, binding);
      else subjects.set(subject, new Map([[key, binding]]));
    }
  }

  private take(key: string, object: KubernetesObject): void {
    const place = object.metadata?.namespace ?? everywhere;
    const subjects = this.places.get(place);
    if (!subjects) return;
    for (const subject of subjectKeys(object as Binding)) {
      const bindings = subjects.get(subject);
      bindings?.delete(key);
      if (bindings?.size === 0) subjects.delete(subject);
    }
    if (subjects.size === 0) this.places.delete(place);
  }
}

function subjectKeys({ subjects, metadata }: Binding): string[] {
  return (subjects ?? []).map(({ kind, name, namespace }) => {
    if (kind !== 'ServiceAccount') return `${kind} ${name}`;
    return `User ${serviceAccountUserName({ namespace: namespace || metadata?.namespace || '', name })}`;
  });
}
