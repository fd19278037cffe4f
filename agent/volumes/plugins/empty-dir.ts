import { chmod, chown, mkdir, stat } from 'node:fs/promises';
import { parseUnits } from '../../../api/quantity.ts';
import type { Pod } from '../../../api/core.ts';
import type { VolumeContext, VolumePlugin } from '../volume-plugin.ts';

/** Scratch space with the life of the pod: on the card, or in memory. */
export const emptyDirPlugin: VolumePlugin = {
  directory: 'kubernetes.io~empty-dir',
  readOnly: false,
  refreshable: false,
  supports: (volume) => volume.emptyDir !== undefined,
  async setUp(context) {
    const medium = context.volume.emptyDir?.medium ?? '';
    if (medium !== '' && medium !== 'Memory') throw new Error(`unknown storage medium ${JSON.stringify(medium)}`);
    const isNew = await mkdir(context.path, { recursive: true, mode: 0o750 }) !== undefined;
    if (medium === 'Memory' && !context.mounted) {
      await context.mounter.tmpfs(context.path, { sizeBytes: memorySize(context), mode: 0o1777, noSwap: false });
      await giveToGroup(context, 0o3777);
    } else if (medium === '' && (isNew || await isUnfinished(context))) {
      // A crash between mkdir and chmod leaves a directory that pods cannot write: finished here the next time.
      await chmod(context.path, 0o777);
      await giveToGroup(context, 0o2777);
    }
    return context.path;
  },
};

async function isUnfinished(context: VolumeContext): Promise<boolean> {
  const found = await stat(context.path);
  return (found.mode & 0o777) !== 0o777 || (context.group !== undefined && found.gid !== context.group);
}

async function giveToGroup(context: VolumeContext, mode: number): Promise<void> {
  if (context.group === undefined) return;
  await chown(context.path, 0, context.group);
  await chmod(context.path, mode);
}

/** The least of sizeLimit, the pod's memory limit and what the node has, in bytes. */
function memorySize(context: VolumeContext): number | undefined {
  const bounds = [context.volume.emptyDir?.sizeLimit, context.facts.allocatable['memory']]
    .filter((quantity) => quantity !== undefined)
    .map((quantity) => parseUnits(quantity));
  const podLimit = podMemoryLimit(context.pod);
  if (podLimit !== undefined) bounds.push(podLimit);
  const positive = bounds.filter((bytes) => bytes > 0);
  return positive.length === 0 ? undefined : Math.min(...positive);
}

/** Undefined unless every container has a limit. */
function podMemoryLimit(pod: Pod): number | undefined {
  let sum = 0;
  for (const container of pod.spec?.containers ?? []) {
    const limit = container.resources?.limits?.['memory'];
    if (limit === undefined) return undefined;
    sum += parseUnits(limit);
  }
  const initial = (pod.spec?.initContainers ?? []).map((container) => parseUnits(container.resources?.limits?.['memory'] ?? '0'));
  return Math.max(sum, ...initial);
}
