/** `bramble secrets rotate`: a new key for what is encrypted on the disk, of a running cluster or of one that is down. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { parse as parseYaml } from 'yaml';
import { systemClock } from '../../machinery/clock.ts';
import { silentLogger } from '../../machinery/logger.ts';
import type { Options } from '../options.ts';
import { dataPaths } from '../paths.ts';
import { UserError } from '../user-error.ts';

/** @throws UserError. */
export async function rotateSecrets(options: Options): Promise<void> {
  if (!existsSync(join(options.dataDir, 'server', 'db'))) throw new UserError(`there is no cluster in ${options.dataDir}; name its directory with --data-dir`);
  const rewritten = await rotateOffline(options) ?? await rotateRunning(options);
  process.stdout.write(`${rewritten} ${rewritten === 1 ? 'record is' : 'records are'} encrypted with a new key\n`);
}

/** @returns undefined when a control plane has the database. */
async function rotateOffline(options: Options): Promise<number | undefined> {
  const { openStorage } = await import('../../control-plane/encryption/open-storage.ts');
  const { isLocked } = await import('../../control-plane/storage/level/level-errors.ts');
  let storage;
  try {
    storage = await openStorage(options, { clock: systemClock, logger: silentLogger });
  } catch (error) {
    if (isLocked(error)) return undefined;
    throw error;
  }
  try {
    return await storage.rotateEncryption(silentLogger);
  } finally {
    await storage.close();
  }
}

interface Kubeconfig {
  clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }];
  users?: { user?: { 'client-certificate-data'?: string; 'client-key-data'?: string } }[];
}

interface Access {
  server: string;
  tls: { ca: Buffer; cert?: Buffer; key?: Buffer };
}

/** @throws UserError. */
async function readAccess(path: string): Promise<Access> {
  const decode = (text: string): Buffer => Buffer.from(text, 'base64');
  try {
    const { clusters: [{ cluster }], users } = parseYaml(await readFile(path, 'utf8')) as Kubeconfig;
    const { 'client-certificate-data': certificate, 'client-key-data': key } = users?.[0]?.user ?? {};
    const tls = { ca: decode(cluster['certificate-authority-data']), ...(certificate && key ? { cert: decode(certificate), key: decode(key) } : {}) };
    createSecureContext(tls);
    return { server: new URL(cluster.server).origin, tls };
  } catch (error) {
    throw new UserError(`the database is in use, and ${path} does not say how to reach its control plane: ${(error as Error).message}`, { cause: error });
  }
}

/** What a Status says, else the text. */
function reasonIn(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === 'string' ? message : text.slice(0, 500);
  } catch {
    return text.slice(0, 500);
  }
}

async function rotateRunning({ dataDir }: Options): Promise<number> {
  const { server, tls } = await readAccess(dataPaths(dataDir).kubeconfig);
  const { rotationPath } = await import('../../control-plane/encryption/rotation-route.ts');
  return new Promise((resolve, reject) => {
    const asked = request(new URL(rotationPath, server), { method: 'POST', ...tls }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => { text += chunk; });
      response.on('end', () => {
        if (response.statusCode === 200) resolve((JSON.parse(text) as { rewritten: number }).rewritten);
        else reject(new UserError(`the control plane refused: ${reasonIn(text)}`));
      });
    });
    asked.on('error', (error) => { reject(new UserError(`the database is in use, but no control plane answers at ${server}: ${error.message}`, { cause: error })); });
    asked.end();
  });
}
