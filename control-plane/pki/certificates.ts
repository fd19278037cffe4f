/** Makes certificates: ECDSA P-256 with SHA-256, PEM. Loads its X.509 library only when called. */
import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import type * as X509Module from '@peculiar/x509';

/** A certificate and its private key (PKCS #8), both PEM. */
export interface KeyPair {
  certificate: string;
  key: string;
}

export interface Validity {
  notBefore: Date;
  notAfter: Date;
}

export interface LeafRequest extends Validity {
  commonName: string;
  /** Become groups of the user, where the certificate is a client's. */
  organizations: readonly string[];
  usages: readonly ('serverAuth' | 'clientAuth')[];
  /** DNS names and IP addresses, mixed. */
  alternativeNames: readonly string[];
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

type X509 = typeof X509Module;

async function loadX509(): Promise<X509> {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

/** Self-signed, path length 0. */
export async function createAuthority(commonName: string, validity: Validity): Promise<KeyPair> {
  const x509 = await loadX509();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [commonName] }],
    ...validity,
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment | x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: withLineEnd(certificate.toString('pem')), key: await exportKey(x509, keys.privateKey) };
}

/** A new key with a certificate that the authority signs. */
export async function issueCertificate(authority: KeyPair, request: LeafRequest): Promise<KeyPair> {
  const x509 = await loadX509();
  const issuer = new x509.X509Certificate(authority.certificate);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(authority.key), algorithm, false, ['sign']);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const organizations = request.organizations.map((organization) => ({ O: [organization] }));
  const names = request.alternativeNames.map((value) => ({ type: isIP(value) ? 'ip' as const : 'dns' as const, value }));
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [...organizations, { CN: [request.commonName] }],
    issuer: issuer.subjectName,
    notBefore: request.notBefore,
    notAfter: request.notAfter,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(request.usages.map((usage) => x509.ExtendedKeyUsage[usage])),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return { certificate: withLineEnd(certificate.toString('pem')), key: await exportKey(x509, keys.privateKey) };
}

export interface RequestToSign extends Validity {
  /** PKCS #10 in PEM. */
  request: string;
  /** As CertificateSigningRequests name them: `digital signature`, `client auth`. */
  usages: readonly string[];
}

/** What a PKCS #10 request asks for. */
export interface ReadRequest {
  commonName: string;
  organizations: string[];
  dnsNames: string[];
  ipAddresses: string[];
  emails: string[];
  uris: string[];
}

/** @throws Error when the PEM is no request. */
export async function readCertificateRequest(pem: string): Promise<ReadRequest> {
  const x509 = await loadX509();
  const request = new x509.Pkcs10CertificateRequest(pem);
  const items = alternativeNamesOf(x509, request)?.names.items ?? [];
  const named = (type: string) => items.filter((item) => item.type === type).map(({ value }) => value);
  return {
    commonName: request.subjectName.getField('CN')[0] ?? '', organizations: request.subjectName.getField('O'),
    dnsNames: named('dns'), ipAddresses: named('ip'), emails: named('email'), uris: named('url'),
  };
}

function alternativeNamesOf(x509: X509, request: X509Module.Pkcs10CertificateRequest): X509Module.SubjectAlternativeNameExtension | undefined {
  return request.extensions.find((extension) => extension instanceof x509.SubjectAlternativeNameExtension);
}

/** A certificate for the key, subject and names of a request; nothing else of the request is taken over. */
export async function signCertificateRequest(authority: KeyPair, { request, usages, notBefore, notAfter }: RequestToSign): Promise<string> {
  const x509 = await loadX509();
  const issuer = new x509.X509Certificate(authority.certificate);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(authority.key), algorithm, false, ['sign']);
  const asked = new x509.Pkcs10CertificateRequest(request);
  const names = alternativeNamesOf(x509, asked);
  const wanted = [...(usages.includes('digital signature') ? [x509.KeyUsageFlags.digitalSignature] : []), ...(usages.includes('key encipherment') ? [x509.KeyUsageFlags.keyEncipherment] : [])];
  const extended = [...(usages.includes('client auth') ? [x509.ExtendedKeyUsage.clientAuth] : []), ...(usages.includes('server auth') ? [x509.ExtendedKeyUsage.serverAuth] : [])];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(), subject: asked.subjectName, issuer: issuer.subjectName, notBefore, notAfter, publicKey: asked.publicKey, signingKey, signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      // An empty one would forbid everything.
      ...(wanted.length > 0 ? [new x509.KeyUsagesExtension(wanted.reduce((all, flag): X509Module.KeyUsageFlags => all | flag), true)] : []),
      new x509.ExtendedKeyUsageExtension(extended),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...(names ? [new x509.SubjectAlternativeNameExtension(names.names)] : []),
    ],
  });
  return withLineEnd(certificate.toString('pem'));
}

/** 128 random bits, positive. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
}

async function exportKey(x509: X509, key: webcrypto.CryptoKey): Promise<string> {
  return withLineEnd(x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY'));
}

function withLineEnd(pem: string): string {
  return pem.endsWith('\n') ? pem : `${pem}\n`;
}
