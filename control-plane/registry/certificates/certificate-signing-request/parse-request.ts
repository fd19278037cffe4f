/**
 * PKCS#10 (RFC 2986) as far as the API must look at it: that it is one, and that its signature holds. Node has no parser for
 * requests, and validation cannot wait for one.
 */
import { createPublicKey, verify, type KeyObject } from 'node:crypto';

const sequence = 0x30;
const bitString = 0x03;
const objectIdentifier = 0x06;

interface Element {
  tag: number;
  /** Tag, length and content. */
  whole: Buffer;
  content: Buffer;
}

/** Reads DER elements one after the other. */
class DerReader {
  private offset = 0;
  private readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get done(): boolean {
    return this.offset >= this.bytes.length;
  }

  /** @throws RangeError when the next element is not whole, or another one than expected. */
  next(tag?: number): Element {
    const { bytes, offset: start } = this;
    const first = bytes[start + 1] ?? 0;
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    if (start + 2 + lengthBytes > bytes.length || lengthBytes > 4 || first === 0x80) throw new RangeError('asn1: syntax error: data truncated');
    const length = lengthBytes === 0 ? first : bytes.readUIntBE(start + 2, lengthBytes);
    const contentStart = start + 2 + lengthBytes;
    const end = contentStart + length;
    if (end > bytes.length) throw new RangeError('asn1: syntax error: data truncated');
    const actual = bytes[start]!;
    if (tag !== undefined && actual !== tag) throw new RangeError('asn1: structure error: tags don\'t match');
    this.offset = end;
    return { tag: actual, whole: bytes.subarray(start, end), content: bytes.subarray(contentStart, end) };
  }
}

/** Signature algorithms (their OIDs in hexadecimal) → digest; null where the key says it. */
const algorithms: ReadonlyMap<string, string | null> = new Map([
  ['2a864886f70d01010b', 'sha256'], ['2a864886f70d01010c', 'sha384'], ['2a864886f70d01010d', 'sha512'],
  ['2a8648ce3d040302', 'sha256'], ['2a8648ce3d040303', 'sha384'], ['2a8648ce3d040304', 'sha512'],
  ['2b6570', null],
]);

/**
 * @param request PEM in base64, as spec.request has it.
 * @returns what is wrong with it, undefined for nothing.
 */
export function requestProblem(request: string): string | undefined {
  const text = Buffer.from(request, 'base64').toString('latin1');
  const [, type, body = ''] = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/.exec(text) ?? [];
  if (type !== 'CERTIFICATE REQUEST') return 'PEM block type must be CERTIFICATE REQUEST';
  try {
    return signatureProblem(Buffer.from(body, 'base64'));
  } catch (error) {
    // Whatever the bytes were, they were no request; OpenSSL's own words for a bad key are nobody's business.
    return error instanceof RangeError ? error.message : 'x509: invalid certificate request';
  }
}

function signatureProblem(der: Buffer): string | undefined {
  const outer = new DerReader(der);
  const fields = new DerReader(outer.next(sequence).content);
  if (!outer.done) return 'asn1: syntax error: trailing data';
  const information = fields.next(sequence);
  const algorithm = new DerReader(fields.next(sequence).content).next(objectIdentifier).content.toString('hex');
  // The first byte counts the unused bits, of which a signature has none.
  const signature = fields.next(bitString).content.subarray(1);
  const digest = algorithms.get(algorithm);
  if (digest === undefined) return 'x509: cannot verify signature: algorithm unimplemented';
  return verify(digest, information.whole, publicKeyOf(information.content), signature) ? undefined : 'x509: certificate request signature does not match';
}

/** CertificationRequestInfo: version, subject, subjectPublicKeyInfo, attributes. */
function publicKeyOf(information: Buffer): KeyObject {
  const fields = new DerReader(information);
  fields.next();
  fields.next(sequence);
  return createPublicKey({ key: fields.next(sequence).whole, format: 'der', type: 'spki' });
}
