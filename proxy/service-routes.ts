/**
 * Makes Service addresses local (AnyIP): with one `local` route a plain process can bind any address of the range, and
 * pods reach it through their default gateway. See ip-route(8), type local.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { removalScript } from './kernel/kernel-script.ts';
import { nft } from './nft.ts';
import { removeServiceGuard } from './service-guard.ts';

const run = promisify(execFile);

/** Idempotent. @throws when `ip` refuses; the message is its own. */
export async function ensureServiceRoutes(serviceCIDR: string): Promise<void> {
  await run('ip', ['route', 'replace', 'local', serviceCIDR, 'dev', 'lo', 'table', 'local']);
}

/** Takes the route and all rules away. Idempotent: what is not there is success. */
export async function removeServiceNetwork(serviceCIDR: string): Promise<void> {
  await nft(removalScript(serviceCIDR));
  await removeServiceGuard(serviceCIDR);
  const { stdout } = await run('ip', ['route', 'show', 'table', 'local', 'type', 'local', 'exact', serviceCIDR]);
  if (stdout.trim() === '') return;
  await run('ip', ['route', 'del', 'local', serviceCIDR, 'dev', 'lo', 'table', 'local']);
}
