/** GET of a collection: whole or in pages of one snapshot. */
import { newBadRequest, newExpired } from '../../api/errors.ts';
import type { KubernetesObject, ListMeta, ObjectList } from '../../api/meta.ts';
import { apiVersionOf } from '../../api/resources.ts';
import { RevisionExpiredError } from '../storage/storage.ts';
import type { ListOptions, ListPage, Revision, Storage, StoredObject } from '../storage/storage.ts';
import { decodeContinueToken, encodeContinueToken } from './continue-token.ts';
import type { ListQuery } from './registry.ts';
import { newExpiredContinue, newTooLarge, parseResourceVersion } from './resource-version.ts';
import { select } from './selection.ts';
import type { Selection } from './selection.ts';
import type { Strategy } from './strategy.ts';

interface Start {
  /** Undefined: now. */
  at?: Revision;
  after?: string;
}

interface Page<T extends KubernetesObject> {
  items: T[];
  revision: Revision;
  /** Last key that was looked at; undefined when nothing follows. */
  last?: string;
  remaining: number;
}

/** @throws StatusError BadRequest, Expired (410), Timeout for a version that is not there yet. */
export function listObjects<T extends KubernetesObject>(storage: Storage, strategy: Strategy<T>, query: ListQuery): ObjectList<T> {
  const selection = select(strategy, query);
  const start = startOf(storage, query, selection.prefix);
  const page = readPage(storage, selection, start, query);
  const metadata: ListMeta = { resourceVersion: String(page.revision) };
  if (page.last !== undefined) {
    // After an expired snapshot every page is as of now, and the next one too.
    metadata.continue = encodeContinueToken({ revision: page.revision, after: page.last }, selection.prefix);
    if (!selection.matches) metadata.remainingItemCount = page.remaining;
  }
  return { kind: `${strategy.resource.kind}List`, apiVersion: apiVersionOf(strategy.resource), metadata, items: page.items };
}

function startOf(storage: Storage, query: ListQuery, prefix: string): Start {
  checkMatch(query);
  const wanted = parseResourceVersion(query.resourceVersion ?? '');
  if (query.continue) {
    if (wanted !== 0) throw newBadRequest('specifying resource version is not allowed when using continue');
    const { revision, after } = decodeContinueToken(query.continue, prefix);
    return revision === -1 ? { after } : { at: revision, after };
  }
  if (wanted > storage.revision) throw newTooLarge(wanted, storage.revision);
  const exact = query.resourceVersionMatch === 'Exact' || (query.resourceVersionMatch === undefined && (query.limit ?? 0) > 0);
  return exact && wanted > 0 ? { at: wanted } : {};
}

function checkMatch({ resourceVersion, resourceVersionMatch, continue: token }: ListQuery): void {
  if (resourceVersionMatch === undefined) return;
  const forbidden = (why: string) => newBadRequest(`resourceVersionMatch: Forbidden: ${why}`);
  if (!resourceVersion) throw forbidden('resourceVersionMatch is forbidden unless resourceVersion is provided');
  if (token) throw forbidden('resourceVersionMatch is forbidden when specifying continue');
  if (resourceVersionMatch === 'Exact' && resourceVersion === '0') throw forbidden('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
}

function readPage<T extends KubernetesObject>(storage: Storage, selection: Selection<T>, start: Start, query: ListQuery): Page<T> {
  const limit = query.limit && query.limit > 0 ? query.limit : undefined;
  const read = (options: ListOptions): ListPage => {
    try {
      return storage.list(selection.prefix, options);
    } catch (error) {
      if (!(error instanceof RevisionExpiredError)) throw error;
      if (!query.continue) throw newExpired(`The resourceVersion for the provided list is too old.`);
      throw newExpiredContinue(encodeContinueToken({ revision: -1, after: options.after ?? '' }, selection.prefix));
    }
  };
  const first = read({ ...start, limit });
  const items: T[] = [];
  let page = first;
  for (;;) {
    let last: string | undefined;
    for (const stored of page.items as StoredObject<T>[]) {
      if (limit !== undefined && items.length === limit) break;
      last = stored.key;
      if (!selection.matches || selection.matches(stored.object)) items.push(stored.object);
    }
    const more = page.remaining > 0 || last !== page.items.at(-1)?.key;
    if (!more) return { items, revision: first.revision, remaining: 0 };
    if (items.length === limit) return { items, revision: first.revision, last, remaining: page.remaining };
    page = read({ at: first.revision, after: last, limit });
  }
}
