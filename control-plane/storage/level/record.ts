/**
 * One object on the disk: `<checksum> <JSON>`. The checksum (CRC-32 of key and JSON, eight hexadecimal digits) finds what a
 * worn card returns wrong; LevelDB itself checks its blocks only on request, which its binding does not offer. Where a kind is
 * encrypted, its envelope stands in the place of the JSON.
 */
import { crc32 } from 'node:zlib';
import type { KubernetesObject } from '../../../api/meta.ts';
import type { RecordEncryption } from '../../encryption/record-encryption.ts';
import { deepFreeze } from '../deep-freeze.ts';
import { revisionOf } from '../object-table.ts';
import type { StoredObject } from '../storage.ts';
import type { ValueSharing } from './value-sharing.ts';

/** Characters before the content. */
export const recordHeader = 9;

export function encodeRecord(key: string, json: string): string {
  return `${checksum(key, json)} ${json}`;
}

/** @returns the JSON. @throws Error that says what is wrong with the record. */
export function verifyRecord(key: string, record: string): string {
  const json = record.slice(recordHeader);
  if (record[8] !== ' ' || record.slice(0, 8) !== checksum(key, json)) throw new Error('its checksum differs');
  return json;
}

/** @throws Error that says what is wrong with the record; EncryptionKeyError. */
export function decodeRecord(key: string, record: string, { encryption, sharing }: { encryption?: Pick<RecordEncryption, 'open'> | undefined; sharing: ValueSharing }): StoredObject {
  const text = verifyRecord(key, record);
  const object = JSON.parse(encryption ? encryption.open(key, text) : text) as KubernetesObject;
  const revision = revisionOf(object);
  if (!Number.isSafeInteger(revision)) throw new Error('it has no resourceVersion');
  sharing.apply(object);
  deepFreeze(object);
  return { key, object, revision };
}

function checksum(key: string, json: string): string {
  return crc32(json, crc32(key)).toString(16).padStart(8, '0');
}
