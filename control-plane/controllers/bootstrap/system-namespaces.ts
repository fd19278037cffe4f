/** Namespaces that exist before anybody asks. */
import { isAlreadyExists } from '../../../api/errors.ts';
import { namespaces } from '../../../api/resources.ts';
import type { ApiClient } from '../../../machinery/client.ts';

export const systemNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'] as const;

/** Creates what is missing. Idempotent; writes nothing when all are there. */
export async function ensureSystemNamespaces(client: ApiClient): Promise<void> {
  const resource = client.resource(namespaces);
  const present = new Set((await resource.list()).items.map((namespace) => namespace.metadata?.name));
  for (const name of systemNamespaces) {
    if (present.has(name)) continue;
    try {
      await resource.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }
}
