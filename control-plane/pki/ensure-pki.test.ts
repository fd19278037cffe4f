import { X509Certificate } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../machinery/testing/fake-clock.ts';
import { ensurePki, PkiError } from './ensure-pki.ts';
import { writeKubeconfig } from './kubeconfig.ts';

const day = 24 * 60 * 60 * 1000;
let directory: string;
let now: number;
const clock = { now: () => now };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pki-'));
  now = new FakeClock().now() + 200 * day;
});
afterEach(() => rm(directory, { recursive: true }));

function ensure(addresses: string[] = ['203.0.113.7', '198.18.0.1', '2001:db8::7']) {
  return ensurePki({ directory, names: ['pi-1'], addresses, clock });
}
const file = (name: string) => readFile(join(directory, name), 'utf8');

describe('ensurePki', () => {
  it('makes a server certificate for all names and an administrator in system:masters', async () => {
    const pki = await ensure();
    const ca = new X509Certificate(pki.ca);
    const server = new X509Certificate(pki.apiServer.certificate);
    expect(server.verify(ca.publicKey)).toBe(true);
    for (const name of ['kubernetes', 'kubernetes.default.svc.cluster.local', 'localhost', 'pi-1']) expect(server.checkHost(name)).toBe(name);
    for (const address of ['127.0.0.1', '::1', '203.0.113.7', '198.18.0.1', '2001:db8::7']) expect(server.checkIP(address)).toBe(address);
    expect(new X509Certificate(pki.admin.certificate).subject).toBe('O=system:masters\nCN=kubernetes-admin');
    expect(new Date(server.validFrom).getTime()).toBeLessThan(now - 5 * 365 * day);
    expect(Math.round((Date.parse(server.validTo) - now) / day)).toBe(365);
    expect(Math.round((Date.parse(ca.validTo) - now) / day)).toBe(3653);
  });

  it('keeps keys to the owner and leaves no temporary file', async () => {
    await ensure();
    const names = await readdir(directory);
    expect(names.sort()).toEqual(['admin.crt', 'admin.key', 'apiserver.crt', 'apiserver.key', 'ca.crt', 'ca.key', 'nats.crt', 'nats.key']);
    for (const name of names.filter((entry) => entry.endsWith('.key'))) {
      expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
    }
  });

  it('changes nothing at a second start', async () => {
    const first = await ensure();
    const second = await ensure();
    expect(JSON.stringify(second)).toBe(JSON.stringify(first));
  });

  it('issues the server certificate anew when an address is new, under the same authority', async () => {
    const first = await ensure();
    const second = await ensure(['203.0.113.8']);
    expect(second.ca).toBe(first.ca);
    expect(second.admin).toEqual(first.admin);
    expect(second.apiServer.certificate).not.toBe(first.apiServer.certificate);
    expect(new X509Certificate(second.apiServer.certificate).checkIP('203.0.113.8')).toBeDefined();
  });

  it('renews leaves with less than 90 days left', async () => {
    const first = await ensure();
    now += 274 * day;
    expect((await ensure()).apiServer).toEqual(first.apiServer);
    now += 2 * day;
    const renewed = await ensure();
    expect(renewed.apiServer.certificate).not.toBe(first.apiServer.certificate);
    expect(renewed.admin.certificate).not.toBe(first.admin.certificate);
  });

  it.each(['apiserver.crt', 'apiserver.key', 'admin.key', 'nats.crt'])('repairs a leaf of which %s was lost', async (name) => {
    const first = await ensure();
    await rm(join(directory, name));
    const repaired = await ensure();
    expect(repaired.ca).toBe(first.ca);
    for (const pair of [repaired.apiServer, repaired.admin, repaired.nats]) {
      expect(new X509Certificate(pair.certificate).verify(new X509Certificate(first.ca).publicKey)).toBe(true);
    }
  });

  it('issues anew when a crash left the key of the next certificate beside the old one', async () => {
    await ensure();
    const other = await ensurePki({ directory: join(directory, 'other'), names: [], addresses: [], clock });
    await writeFile(join(directory, 'apiserver.key'), other.apiServer.key);
    const { apiServer } = await ensure();
    expect(await file('apiserver.key')).toBe(apiServer.key);
    expect(apiServer.key).not.toBe(other.apiServer.key);
  });

  it('makes the authority when a crash left only its key', async () => {
    await ensure();
    await rm(join(directory, 'ca.crt'));
    const again = await ensure();
    expect(new X509Certificate(again.apiServer.certificate).verify(new X509Certificate(again.ca).publicKey)).toBe(true);
  });

  it('refuses to replace an authority that is there and cannot be read', async () => {
    await ensure();
    await writeFile(join(directory, 'ca.crt'), 'garbage');
    await expect(ensure()).rejects.toThrow(PkiError);
    expect(await file('ca.crt')).toBe('garbage');
  });

  it('works without the authority key until something must be issued', async () => {
    const first = await ensure();
    await rm(join(directory, 'ca.key'));
    expect((await ensure()).apiServer).toEqual(first.apiServer);
    await expect(ensure(['203.0.113.99'])).rejects.toThrow(/ca\.key is missing/);
  });

  it('closes a key that was opened to others', async () => {
    await ensure();
    await chmod(join(directory, 'admin.key'), 0o644);
    await ensure();
    expect((await stat(join(directory, 'admin.key'))).mode & 0o777).toBe(0o600);
  });

  it('does not trust a clock that is not set', async () => {
    now = 0;
    const { ca } = await ensure();
    expect(Date.parse(new X509Certificate(ca).validTo)).toBeGreaterThan(Date.parse('2035-01-01'));
  });

  it('issues client certificates for other users', async () => {
    const pki = await ensure();
    const pair = await pki.issueClient('jane', ['dev', 'ops']);
    expect(new X509Certificate(pair.certificate).subject).toBe('O=dev\nO=ops\nCN=jane');
  });

  it('writes a kubeconfig only its owner can read', async () => {
    const pki = await ensure();
    const path = join(directory, 'kubeconfig');
    await writeKubeconfig(path, { server: 'https://127.0.0.1:6443', ca: pki.ca, cert: pki.admin.certificate, key: pki.admin.key });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await file('kubeconfig')).toContain('current-context: kubernetes-admin@bramble');
  });
});
