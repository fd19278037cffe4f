/**
 * The FlowSchemas and priority levels of every cluster: the mandatory ones, which are always as they are here, and the
 * suggested ones, which are brought up to date until somebody takes them over. Source: pkg/registry/flowcontrol/ensurer.
 */
import { isAlreadyExists } from '../../../api/errors.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { flowSchemas, priorityLevelConfigurations } from '../../../api/resources.ts';
import type { ApiClient, ResourceClient } from '../../../machinery/client.ts';
import { mandatoryFlowSchemas, mandatoryPriorityLevels } from '../../registry/flowcontrol/mandatory-objects.ts';
import { suggestedFlowSchemas, suggestedPriorityLevels } from '../../registry/flowcontrol/suggested-objects.ts';
import { semanticEqual } from '../semantic-equality.ts';

/** `true`: the cluster may change the spec. Whoever edits one sets it to `false`. */
export const autoUpdateAnnotation = 'apf.kubernetes.io/autoupdate-spec';

interface Configured extends KubernetesObject {
  spec?: unknown;
  status?: { conditions?: { type?: string; status?: string }[] };
}

/** Creates what is missing, mends what was changed and may not be. Idempotent; writes nothing when all is as it should be. */
export async function ensureFlowControlObjects(client: ApiClient): Promise<void> {
  const [levels, schemas] = [client.resource(priorityLevelConfigurations), client.resource(flowSchemas)];
  await ensureAll(levels, suggestedPriorityLevels, false);
  await ensureAll(levels, mandatoryPriorityLevels, true);
  await ensureAll(schemas, suggestedFlowSchemas, false);
  await ensureAll(schemas, mandatoryFlowSchemas, true);
}

async function ensureAll<T extends Configured>(client: ResourceClient<T>, wanted: readonly T[], mandatory: boolean): Promise<void> {
  const present = new Map((await client.list()).items.map((object) => [object.metadata?.name, object]));
  for (const object of wanted) await ensureOne(client, object, present.get(object.metadata?.name), mandatory);
}

async function ensureOne<T extends Configured>(client: ResourceClient<T>, wanted: T, found: T | undefined, mandatory: boolean): Promise<void> {
  const name = wanted.metadata?.name ?? '';
  if (!found) {
    try {
      await client.create({ ...wanted, metadata: { name, annotations: { [autoUpdateAnnotation]: 'true' } } });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    return;
  }
  // An administrator's exempt shares stay.
  const same = semanticEqual({ ...found.spec as object, exempt: undefined }, { ...wanted.spec as object, exempt: undefined });
  if (same || !(mandatory || isOurs(found))) return;
  await client.modify(name, undefined, (copy) => ({ ...copy, spec: wanted.spec }));
}

/** Without the annotation, what was never changed since its creation is still the cluster's. */
function isOurs({ metadata }: KubernetesObject): boolean {
  const annotation = metadata?.annotations?.[autoUpdateAnnotation];
  return annotation === undefined ? metadata?.generation === 1 : annotation === 'true';
}
