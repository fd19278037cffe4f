/**
 * The cluster's keys and certificates in one directory, made at the first start and kept in order at every later one.
 *
 * INVARIANTS
 * - Every file is written atomically, a key before its certificate: after a crash either the pair fits or the leaf is
 *   issued anew. The authority is only ever made while ca.crt does not exist, so that no start can orphan the boards.
 * - Keys have mode 0600.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../../machinery/clock.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { createAuthority, issueCertificate, readCertificateRequest, signCertificateRequest, type KeyPair, type LeafRequest, type ReadRequest } from './certificates.ts';

export type { KeyPair };

export interface PkiOptions {
  /** Made with mode 0700 where it does not exist. */
  directory: string;
  /** DNS names of the server beside the ones every cluster has (hostname ...). */
  names: readonly string[];
  /** IP addresses of the server beside loopback: the machine's and the first of the service range. */
  addresses: readonly string[];
  clock: Pick<Clock, 'now'>;
  /** Default `cluster.local`. */
  clusterDomain?: string;
}

export interface Pki {
  /** PEM of the cluster's authority. */
  ca: string;
  /** Serves HTTPS. */
  apiServer: KeyPair;
  /** Client certificate of the administrator: CN kubernetes-admin, O system:masters. */
  admin: KeyPair;
  /** Serves NATS over TLS. */
  nats: KeyPair;
  /**
   * A client certificate for a user; its organizations become groups.
   * @throws Error when the authority's key is not on this machine.
   */
  issueClient(commonName: string, organizations: readonly string[]): Promise<KeyPair>;
  /** Signs PKCS #10 requests, given in base64 of their PEM. */
  requests: {
    read(request: string): Promise<ReadRequest>;
    /** @throws Error when the authority's key is not on this machine. */
    sign(request: string, usages: readonly string[], seconds: number): Promise<string>;
  };
}

/** The PKI cannot be used and must not be repaired without its owner. The message says what to do. */
export class PkiError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'PkiError';
  }
}

const backdateMs = 5 * 60 * 1000;
const dayMs = 24 * 60 * 60 * 1000;
const renewBeforeMs = 90 * dayMs;
const leafLifetimeMs = 365 * dayMs;
const authorityLifetimeMs = 3653 * dayMs;
/** Boards have no battery-backed clock and may believe it is years ago when they first connect. */
const notBefore = new Date('2020-01-01T00:00:00Z');
/** No certificate is made earlier than this: a clock that says so is not set yet. */
const earliestIssue = Date.parse('2026-01-01T00:00:00Z');

/**
 * Reads, checks and completes the directory.
 * @throws PkiError when ca.crt is unreadable or expired, or when a certificate must be issued and ca.key does not fit.
 */
export async function ensurePki(options: PkiOptions): Promise<Pki> {
  const { directory, clock } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const authority = await ensureAuthority(directory, clock);
  const domain = options.clusterDomain ?? 'cluster.local';
  const names = [...new Set([
    'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', `kubernetes.default.svc.${domain}`, 'localhost',
    ...options.names, '127.0.0.1', '::1', ...options.addresses,
  ])];
  const leaf = (name: string, request: Omit<LeafRequest, 'notBefore' | 'notAfter'>) =>
    ensureLeaf({ directory, name, authority, request: { ...request, ...validity(clock, leafLifetimeMs) }, clock });
  return {
    ca: authority.certificate,
    apiServer: await leaf('apiserver', { commonName: 'kube-apiserver', organizations: [], usages: ['serverAuth'], alternativeNames: names }),
    admin: await leaf('admin', { commonName: 'kubernetes-admin', organizations: ['system:masters'], usages: ['clientAuth'], alternativeNames: [] }),
    nats: await leaf('nats', { commonName: 'nats-server', organizations: [], usages: ['serverAuth', 'clientAuth'], alternativeNames: names }),
    issueClient: async (commonName, organizations) => issueCertificate(await withKey(authority), {
      commonName, organizations, usages: ['clientAuth'], alternativeNames: [], ...validity(clock, leafLifetimeMs),
    }),
    requests: {
      read: (request) => readCertificateRequest(pemOf(request)),
      sign: async (request, usages, seconds) => {
        const end = Date.parse(new X509Certificate(authority.certificate).validTo);
        return signCertificateRequest(await withKey(authority), {
          request: pemOf(request), usages,
          // Clocks of boards are a little off.
          notBefore: new Date(clock.now() - backdateMs), notAfter: new Date(Math.min(clock.now() + seconds * 1000, end)),
        });
      },
    },
  };
}

function pemOf(request: string): string {
  return Buffer.from(request, 'base64').toString();
}

interface Authority {
  certificate: string;
  keyPath: string;
}

function validity(clock: Pick<Clock, 'now'>, lifetimeMs: number): { notBefore: Date; notAfter: Date } {
  const from = Math.floor(Math.max(clock.now(), earliestIssue) / 1000) * 1000;
  return { notBefore, notAfter: new Date(from + lifetimeMs) };
}

async function ensureAuthority(directory: string, clock: Pick<Clock, 'now'>): Promise<Authority> {
  const certificatePath = join(directory, 'ca.crt');
  const keyPath = join(directory, 'ca.key');
  const existing = await readIfThere(certificatePath);
  if (existing !== undefined) {
    const parsed = parseCertificate(existing);
    if (!parsed?.ca) throw new PkiError(`${certificatePath} is not a certificate authority; restore it from a backup, or remove the directory to make a new one (every client and board must then join again)`);
    if (Date.parse(parsed.validTo) <= clock.now()) throw new PkiError(`${certificatePath} expired on ${parsed.validTo}`);
    return { certificate: existing, keyPath };
  }
  const made = await createAuthority('kubernetes', validity(clock, authorityLifetimeMs));
  await writeFileAtomic(keyPath, made.key, 0o600);
  await writeFileAtomic(certificatePath, made.certificate, 0o644);
  return { certificate: made.certificate, keyPath };
}

async function withKey(authority: Authority): Promise<KeyPair> {
  const key = await readIfThere(authority.keyPath);
  if (key === undefined || !fits({ certificate: authority.certificate, key })) {
    throw new PkiError(`${authority.keyPath} is missing or does not belong to the authority; it is needed to issue certificates`);
  }
  return { certificate: authority.certificate, key };
}

interface LeafTask {
  directory: string;
  name: string;
  authority: Authority;
  request: LeafRequest;
  clock: Pick<Clock, 'now'>;
}

async function ensureLeaf(task: LeafTask): Promise<KeyPair> {
  const certificatePath = join(task.directory, `${task.name}.crt`);
  const keyPath = join(task.directory, `${task.name}.key`);
  const certificate = await readIfThere(certificatePath);
  const key = await readIfThere(keyPath);
  if (certificate !== undefined && key !== undefined && isUsable({ certificate, key }, task)) {
    await chmod(keyPath, 0o600);
    return { certificate, key };
  }
  const issued = await issueCertificate(await withKey(task.authority), task.request);
  await writeFileAtomic(keyPath, issued.key, 0o600);
  await writeFileAtomic(certificatePath, issued.certificate, 0o644);
  return issued;
}

function isUsable(pair: KeyPair, task: LeafTask): boolean {
  const certificate = parseCertificate(pair.certificate);
  const authority = parseCertificate(task.authority.certificate);
  if (!certificate || !authority || !fits(pair)) return false;
  return certificate.checkIssued(authority)
    && certificate.verify(authority.publicKey)
    && Date.parse(certificate.validTo) - task.clock.now() >= renewBeforeMs
    && task.request.alternativeNames.every((name) => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined);
}

function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined; // Not a certificate: the caller decides whether that can be repaired.
  }
}

function fits(pair: KeyPair): boolean {
  try {
    return new X509Certificate(pair.certificate).checkPrivateKey(createPrivateKey(pair.key));
  } catch {
    return false; // Unreadable is as bad as not fitting.
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new PkiError(`cannot read ${path}`, { cause: error });
  }
}
