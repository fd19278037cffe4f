/** Accept headers (RFC 9110 section 12.5.1), with Kubernetes' parameters `as`, `g` and `v` that ask for another form of an object. */
import { newNotAcceptable } from '../../api/errors.ts';

export interface AcceptClause {
  /** Lower case, `application/json`, may have wildcards. */
  mediaType: string;
  /** Without q. */
  parameters: Readonly<Record<string, string>>;
  quality: number;
}

const cache = new Map<string, readonly AcceptClause[]>();
/** Clients send a handful of headers over and over; a stranger's inventions must not fill memory. */
const cacheLimit = 64;

/** The clauses a client can live with, best first; clauses of equal quality in the order given. */
export function parseAccept(header: string): readonly AcceptClause[] {
  const known = cache.get(header);
  if (known) return known;
  const clauses = header.split(',').map(parseClause).filter((clause) => clause.quality > 0 && clause.mediaType !== '');
  clauses.sort((a, b) => b.quality - a.quality);
  if (cache.size >= cacheLimit) cache.clear();
  cache.set(header, clauses);
  return clauses;
}

function parseClause(text: string): AcceptClause {
  const [mediaType = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters: Record<string, string> = {};
  let quality = 1;
  for (const parameter of rest) {
    const [name = '', value = ''] = parameter.split('=', 2).map((part) => part.trim());
    if (name.toLowerCase() === 'q') quality = Number(value);
    else parameters[name] = value.replace(/^"(.*)"$/, '$1');
  }
  return { mediaType: mediaType.toLowerCase(), parameters, quality: Number.isFinite(quality) ? quality : 0 };
}

export function acceptsMediaType(clause: AcceptClause, mediaType: string): boolean {
  if (clause.mediaType === mediaType || clause.mediaType === '*/*') return true;
  return clause.mediaType.endsWith('/*') && mediaType.startsWith(clause.mediaType.slice(0, -1));
}

/** Another form of an object that an endpoint can give, by its kind: Table, PartialObjectMetadata ... */
export interface Transformation<F extends string> {
  as: string;
  group: string;
  versions: readonly string[];
  form: F;
}

export interface Negotiated<F extends string> {
  encoding: 'json' | 'yaml';
  form: F | 'object';
  /** Version of the transformation that was asked for. */
  version: string;
}

const encodings = [['application/json', 'json'], ['application/yaml', 'yaml']] as const;

/**
 * Picks the first clause that can be served. No header, or an empty one, means JSON.
 * @throws StatusError NotAcceptable.
 */
export function negotiate<F extends string>(header: string | undefined, transformations: readonly Transformation<F>[]): Negotiated<F> {
  if (!header) return { encoding: 'json', form: 'object', version: '' };
  for (const clause of parseAccept(header)) {
    const encoding = encodings.find(([mediaType]) => acceptsMediaType(clause, mediaType))?.[1];
    if (!encoding) continue;
    const { as, g, v } = clause.parameters;
    if (as === undefined) return { encoding, form: 'object', version: '' };
    const found = transformations.find((candidate) => candidate.as === as && candidate.group === g && candidate.versions.includes(v ?? ''));
    if (found) return { encoding, form: found.form, version: v ?? '' };
  }
  throw newNotAcceptable(`only the following media types are accepted: ${encodings.map(([mediaType]) => mediaType).join(', ')}`);
}
