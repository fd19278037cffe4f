import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../machinery/logger.ts';
import { CertificateRenewal } from './certificate-renewal.ts';
import { ensurePki, type Pki } from './ensure-pki.ts';

const day = 24 * 60 * 60 * 1000;
let directory: string;
let now: number;
let applied: string[];
let renewal: CertificateRenewal;
let served: Pki;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'renewal-'));
  now = Date.parse('2026-12-01T00:00:00Z');
  applied = [];
  const ensure = () => ensurePki({ directory, names: [], addresses: [], clock: { now: () => now } });
  served = await ensure();
  renewal = new CertificateRenewal({
    current: served, ensure, logger: silentLogger,
    apply: {
      apiServer: (pki) => { applied.push('apiServer'); served = pki; },
      admin: () => { applied.push('admin'); return Promise.resolve(); },
      nats: () => { applied.push('nats'); return Promise.resolve(); },
    },
  });
});
afterEach(() => rm(directory, { recursive: true }));

describe('CertificateRenewal', () => {
  it('leaves certificates alone that have long to go', async () => {
    now += 200 * day;
    await renewal.renew();
    expect(applied).toEqual([]);
  });

  it('renews what ends soon, once, and hands it to its users', async () => {
    now += 300 * day;
    await renewal.renew();
    expect(applied).toEqual(['apiServer', 'admin', 'nats']);
    expect(Date.parse(new X509Certificate(served.apiServer.certificate).validTo)).toBeGreaterThan(now + 360 * day);
    await renewal.renew();
    expect(applied).toHaveLength(3);
  });

  it('keeps what it has when the keys cannot be read, and tries again', async () => {
    now += 300 * day;
    const ca = join(directory, 'ca.crt');
    const { readFile, writeFile } = await import('node:fs/promises');
    const content = await readFile(ca);
    await writeFile(ca, 'broken');
    await renewal.renew();
    expect(applied).toEqual([]);
    await writeFile(ca, content);
    await renewal.renew();
    expect(applied).toEqual(['apiServer', 'admin', 'nats']);
  });

  it('starts and stops', async () => {
    renewal.start();
    await renewal.stop();
  });
});
