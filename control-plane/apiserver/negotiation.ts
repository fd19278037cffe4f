/** Accept headers (RFC 9110 section 12.5.1), with Kubernetes' parameters `as`, `g` and `v` that ask for another form of an object. */
import { newNotAcceptable, type StatusError } from '../../api/errors.ts';

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

/** The clauses a client can live with, best first; named types before wildcards, then in the order given. */
export function parseAccept(header: string): readonly AcceptClause[] {
  const known = cache.get(header);
  if (known) return known;
  const clauses = header.split(',').map(parseClause).filter((clause) => clause.quality > 0 && clause.mediaType !== '');
  clauses.sort((a, b) => b.quality - a.quality || wildcards(a) - wildcards(b));
  if (cache.size >= cacheLimit) cache.clear();
  cache.set(header, clauses);
  return clauses;
}

/** A type that is named comes before a range of types that is as good. */
function wildcards({ mediaType }: AcceptClause): number {
  return mediaType === '*/*' ? 2 : mediaType.endsWith('/*') ? 1 : 0;
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
  /** Has no protobuf form. */
  textOnly?: boolean;
}

export type Encoding = 'json' | 'yaml' | 'protobuf';

export interface Negotiated<F extends string> {
  encoding: Encoding;
  form: F | 'object';
  /** Version of the transformation that was asked for. */
  version: string;
  /** The clause asks for indented JSON. */
  pretty?: boolean;
}

export interface NegotiateOptions {
  /** The object itself has a protobuf form (custom kinds have none, but their metadata has). */
  protobuf?: boolean;
  /** An endless stream is asked for: YAML has no frames. */
  stream?: boolean;
}

export const mediaTypes: Readonly<Record<Encoding, string>> = {
  json: 'application/json', yaml: 'application/yaml', protobuf: 'application/vnd.kubernetes.protobuf',
};
const encodings = Object.entries(mediaTypes) as [Encoding, string][];

const plainJson: Negotiated<never> = { encoding: 'json', form: 'object', version: '' };

/**
 * Picks the first clause that can be served. No header, or an empty one, means JSON. Follows NegotiateOutputMediaType of
 * k8s.io/apiserver/pkg/endpoints/handlers/negotiation.
 * @throws StatusError NotAcceptable.
 */
export function negotiate<F extends string>(header: string | undefined, transformations: readonly Transformation<F>[], options: NegotiateOptions = {}): Negotiated<F> {
  if (!header) return plainJson;
  for (const clause of parseAccept(header)) {
    for (const [encoding, mediaType] of encodings) {
      if (!acceptsMediaType(clause, mediaType) || (options.stream && encoding === 'yaml')) continue;
      const found = transform(clause, encoding, transformations, options);
      if (found) return found;
    }
  }
  throw newUnacceptable(options);
}

export function newUnacceptable({ protobuf, stream }: NegotiateOptions): StatusError {
  const supported = encodings.filter(([encoding]) => (protobuf || encoding !== 'protobuf') && (!stream || encoding !== 'yaml'));
  return newNotAcceptable(`only the following media types are accepted: ${supported.map(([, mediaType]) => (stream ? `${mediaType};stream=watch` : mediaType)).join(', ')}`);
}

function transform<F extends string>(
  { parameters }: AcceptClause, encoding: Encoding, transformations: readonly Transformation<F>[], { protobuf, stream }: NegotiateOptions,
): Negotiated<F> | undefined {
  const { as, g, v } = parameters;
  if (parameters['stream'] && !(stream && parameters['stream'] === 'watch')) return undefined;
  const pretty = parameters['pretty'] === '1' ? { pretty: true } : {};
  if (as === undefined) return encoding === 'protobuf' && !protobuf ? undefined : { encoding, form: 'object', version: '', ...pretty };
  const found = transformations.find((candidate) => candidate.as === as && candidate.group === g && candidate.versions.includes(v ?? ''));
  if (!found || (encoding === 'protobuf' && found.textOnly)) return undefined;
  return { encoding, form: found.form, version: v ?? '', ...pretty };
}
