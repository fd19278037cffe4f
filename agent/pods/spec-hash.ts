/** A short hash of what cannot change in a running container: a container of another hash is replaced. */
import { createHash } from 'node:crypto';
import type { Container } from '../../api/core.ts';

/** As kubelet since 1.31: name and image alone, the only mutable fields that need a new container. */
export function specHash(container: Container): string {
  return createHash('sha256').update(JSON.stringify([container.name, container.image ?? ''])).digest('hex').slice(0, 16);
}
