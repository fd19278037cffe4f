/** PriorityClasses that exist before anybody asks. Follows pkg/registry/scheduling/rest. */
import { isAlreadyExists } from '../../../api/errors.ts';
import { priorityClasses } from '../../../api/resources.ts';
import type { ApiClient } from '../../../machinery/client.ts';
import { systemPriorityClasses } from '../../registry/scheduling/priority-class/system-priority-classes.ts';

/** Creates what is missing. Idempotent; writes nothing when both are there. */
export async function ensurePriorityClasses(client: ApiClient): Promise<void> {
  const resource = client.resource(priorityClasses);
  const present = new Set((await resource.list()).items.map((priorityClass) => priorityClass.metadata?.name));
  for (const priorityClass of systemPriorityClasses) {
    if (present.has(priorityClass.metadata?.name)) continue;
    try {
      await resource.create(priorityClass);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }
}
