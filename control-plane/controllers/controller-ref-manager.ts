/**
 * Which objects belong to a controller: adopts orphans that its selector matches, releases what it no longer matches.
 * Follows k8s.io/kubernetes/pkg/controller/controller_ref_manager.go.
 */
import { isInvalid, isNotFound } from '../../api/errors.ts';
import { matches } from '../../api/labels.ts';
import type { Selector } from '../../api/labels.ts';
import { controllerOf } from '../../api/meta.ts';
import type { KubernetesObject, OwnerReference } from '../../api/meta.ts';
import type { ResourceClient } from '../../machinery/client.ts';

export type Claim = 'owned' | 'adopt' | 'release' | 'ignore';

/**
 * The decision about one object, without acting.
 * @param owner the controller's uid and whether it is being deleted: then it adopts and releases nothing.
 */
export function decideClaim(owner: { uid: string; deleting: boolean }, object: KubernetesObject, selector: Selector): Claim {
  const reference = controllerOf(object);
  const matching = matches(selector, object.metadata?.labels);
  if (reference) {
    if (reference.uid !== owner.uid) return 'ignore';
    if (matching) return 'owned';
    return owner.deleting ? 'ignore' : 'release';
  }
  return owner.deleting || !matching || object.metadata?.deletionTimestamp ? 'ignore' : 'adopt';
}

export interface ClaimOptions<Owner extends KubernetesObject, T extends KubernetesObject> {
  owner: Owner;
  reference: OwnerReference;
  ownerClient: ResourceClient<Owner>;
  client: ResourceClient<T>;
  candidates: readonly T[];
  selector: Selector;
}

/** @returns the objects that are the owner's, the newly adopted among them. Throws when an adoption or release failed. */
export async function claim<Owner extends KubernetesObject, T extends KubernetesObject>(options: ClaimOptions<Owner, T>): Promise<T[]> {
  const { owner, candidates, selector } = options;
  const identity = { uid: owner.metadata?.uid ?? '', deleting: owner.metadata?.deletionTimestamp !== undefined };
  const claimed: T[] = [];
  let mayAdopt: boolean | undefined;
  for (const candidate of candidates) {
    const decision = decideClaim(identity, candidate, selector);
    if (decision === 'owned') claimed.push(candidate);
    if (decision === 'release') await release(options, candidate);
    if (decision === 'adopt') {
      // Asked live and once: an informer may not know yet that the owner is being deleted, and adopting then would keep
      // garbage alive.
      mayAdopt ??= await canAdopt(options);
      const adopted = mayAdopt ? await adopt(options, candidate) : undefined;
      if (adopted) claimed.push(adopted);
    }
  }
  return claimed;
}

async function canAdopt<Owner extends KubernetesObject, T extends KubernetesObject>({ owner, ownerClient }: ClaimOptions<Owner, T>): Promise<boolean> {
  try {
    const fresh = await ownerClient.get(owner.metadata?.name ?? '', owner.metadata?.namespace);
    return fresh.metadata?.uid === owner.metadata?.uid && !fresh.metadata?.deletionTimestamp;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

async function adopt<Owner extends KubernetesObject, T extends KubernetesObject>(options: ClaimOptions<Owner, T>, object: T): Promise<T | undefined> {
  const { client, reference } = options;
  const stored = await ignoringGone(() => client.modify(object.metadata?.name ?? '', object.metadata?.namespace, (copy) => {
    if (copy.metadata?.uid !== object.metadata?.uid || controllerOf(copy) || copy.metadata?.deletionTimestamp) return undefined;
    copy.metadata = { ...copy.metadata, ownerReferences: [...(copy.metadata?.ownerReferences ?? []), reference] };
    return copy;
  }));
  return stored && controllerOf(stored)?.uid === reference.uid ? stored : undefined;
}

async function release<Owner extends KubernetesObject, T extends KubernetesObject>(options: ClaimOptions<Owner, T>, object: T): Promise<void> {
  const { client, reference } = options;
  await ignoringGone(() => client.modify(object.metadata?.name ?? '', object.metadata?.namespace, (copy) => {
    const others = (copy.metadata?.ownerReferences ?? []).filter((other) => other.uid !== reference.uid);
    if (copy.metadata?.uid !== object.metadata?.uid || others.length === copy.metadata?.ownerReferences?.length) return undefined;
    copy.metadata = { ...copy.metadata };
    if (others.length > 0) copy.metadata.ownerReferences = others;
    else delete copy.metadata.ownerReferences;
    return copy;
  }));
}

/** An object that went away meanwhile (or, as Invalid, is half-way gone) needs neither adoption nor release. */
async function ignoringGone<T>(write: () => Promise<T>): Promise<T | undefined> {
  try {
    return await write();
  } catch (error) {
    if (isNotFound(error) || isInvalid(error)) return undefined;
    throw error;
  }
}
