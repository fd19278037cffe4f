/**
 * Long lists, encoded piece by piece while they are sent: ten thousand pods are many megabytes and a tenth of a second of work,
 * which would keep everybody else waiting and the bytes in memory. Between two pieces others have their turn. Nothing of it is
 * kept: it would drive out of the cache what is asked for often.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { KubernetesObject, ListMeta, ObjectList } from '../../api/meta.ts';
import { apiVersionOf, type Resource } from '../../api/resources.ts';
import type { Clock } from '../../machinery/clock.ts';
import { encodeListItem, encodeMetadata, encodeMetadataProtobuf, encodeObjectProtobuf, listKindOf } from './object-encoder.ts';
import { printerOf } from './printers/printers.ts';
import { encodeRow, type IncludeObject } from './printers/table.ts';
import { listEnvelope, listItemHead } from './protobuf/envelope.ts';

/** Shorter ones are encoded in one go, which is quicker. */
export const longListItems = 512;
/** A client may ask for pieces this large; what is encoded but not taken waits in memory. */
const pieceBytes = 64 * 1024;
/** Milliseconds of encoding after which others have their turn. */
const turnMs = 2;

export type ListLayout = 'json' | 'pretty' | 'yaml' | 'protobuf';

export interface LongListOptions {
  resource: Resource;
  list: Pick<ObjectList, 'metadata' | 'items'>;
  form: 'object' | 'metadataList' | 'table';
  /** Of meta.k8s.io, where the form is not the object's own. */
  version: string;
  layout: ListLayout;
  includeObject: IncludeObject;
  clock: Pick<Clock, 'now' | 'monotonic'>;
}

export function encodeLongList(options: LongListOptions): AsyncGenerator<Buffer> {
  return options.layout === 'protobuf' ? encodeMessages(options) : encodeText(options);
}

async function* encodeText(options: LongListOptions): AsyncGenerator<Buffer> {
  const layout = await layouts[options.layout as Exclude<ListLayout, 'protobuf'>]();
  const { head, itemsName } = headOf(options);
  const encode = itemEncoder(options);
  function* parts(): Generator<Buffer> {
    yield Buffer.from(layout.head(head, itemsName));
    let first = true;
    for (const item of options.list.items) {
      yield* layout.item(encode(item), first);
      first = false;
    }
    yield Buffer.from(layout.tail);
  }
  yield* inTurns(parts(), options.clock);
}

/** The length of a message comes before it, so all items are encoded before the first goes out: into pieces as they are sent. */
async function* encodeMessages({ resource, list, form, version, clock }: LongListOptions): AsyncGenerator<Buffer> {
  function* parts(): Generator<Buffer> {
    for (const item of list.items) {
      const message = form === 'object' ? encodeObjectProtobuf(resource, item, false) : encodeMetadataProtobuf(item, false);
      yield listItemHead(message.length);
      yield message;
    }
  }
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of inTurns(parts(), clock)) {
    pieces.push(piece);
    length += piece.length;
  }
  const { apiVersion, kind } = typeOf({ resource, form, version });
  const { start, end } = listEnvelope(apiVersion, kind, list.metadata, length);
  yield start;
  for (const piece of pieces) {
    yield piece;
    await nextTurn();
  }
  yield end;
}

async function* inTurns(parts: Iterable<Buffer>, clock: Pick<Clock, 'monotonic'>): AsyncGenerator<Buffer> {
  let piece: Buffer[] = [];
  let size = 0;
  let began = clock.monotonic();
  for (const part of parts) {
    piece.push(part);
    size += part.length;
    if (size < pieceBytes && clock.monotonic() - began < turnMs) continue;
    yield Buffer.concat(piece, size);
    piece = [];
    size = 0;
    await nextTurn();
    began = clock.monotonic();
  }
  yield Buffer.concat(piece, size);
}

function typeOf({ resource, form, version }: Pick<LongListOptions, 'resource' | 'form' | 'version'>): { kind: string; apiVersion: string } {
  if (form === 'object') return { kind: listKindOf(resource), apiVersion: apiVersionOf(resource) };
  return { kind: form === 'table' ? 'Table' : 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${version}` };
}

/** What comes before the items. */
function headOf(options: LongListOptions): { head: object; itemsName: string } {
  const head: { kind: string; apiVersion: string; metadata: ListMeta } = { ...typeOf(options), metadata: options.list.metadata };
  if (options.form !== 'table') return { head, itemsName: 'items' };
  return { head: { ...head, columnDefinitions: printerOf(options.resource).columns }, itemsName: 'rows' };
}

/** @returns JSON of one item. */
function itemEncoder({ resource, form, version, includeObject, clock }: LongListOptions): (item: KubernetesObject) => Buffer {
  if (form === 'object') return (item) => encodeListItem(resource, item);
  if (form === 'metadataList') return (item) => encodeMetadata(item, version, false);
  const row = { resource, version, includeObject, now: clock.now(), keep: false };
  return (item) => Buffer.concat(encodeRow(row, item));
}

interface TextLayout {
  head(head: object, itemsName: string): string;
  /** @param json of the item. */
  item(json: Buffer, first: boolean): Buffer[];
  tail: string;
}

const comma = Buffer.from(',');

const layouts = {
  json: (): TextLayout => ({
    head: (head, itemsName) => `${JSON.stringify(head).slice(0, -1)},"${itemsName}":[`,
    item: (json, first) => (first ? [json] : [comma, json]),
    tail: ']}\n',
  }),
  pretty: (): TextLayout => ({
    head: (head, itemsName) => `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "${itemsName}": [`,
    item: (json, first) => [Buffer.from(`${first ? '' : ','}${prettyItem(JSON.parse(json.toString()))}`)],
    tail: '\n  ]\n}\n',
  }),
  async yaml(): Promise<TextLayout> {
    const { stringify } = await import('../../api/decode/yaml-library.ts');
    return {
      head: (head, itemsName) => `${stringify(head, yamlOptions)}${itemsName}:\n`,
      item: (json) => [Buffer.from(stringify([JSON.parse(json.toString())], yamlOptions))],
      tail: '',
    };
  },
};

/** Written out whole, lists as far to the left as Go's library has them; what YAML 1.1 takes for a number, date or truth value is quoted. */
export const yamlOptions = { version: '1.1', aliasDuplicateObjects: false, indentSeq: false, lineWidth: 0 } as const;

/** A line break and the item, as far to the right as it stands in a list. */
function prettyItem(item: unknown): string {
  return JSON.stringify({ items: [item] }, null, 2).slice('{\n  "items": ['.length, -'\n  ]\n}'.length);
}
