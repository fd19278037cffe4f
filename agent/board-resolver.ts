/** The board's own resolv.conf, for pods that use the board's DNS servers. */
import { readFile } from 'node:fs/promises';

const usual = '/etc/resolv.conf';
/** systemd-resolved's servers behind the stub on 127.0.0.53, which no pod can reach. */
const behindStub = '/run/systemd/resolve/resolv.conf';

/** @returns its text; empty where the board has none. */
export async function readBoardResolvConf(read: (path: string) => Promise<string> = (path) => readFile(path, 'utf8')): Promise<string> {
  const text = await readOrEmpty(read, usual);
  const servers = [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, server]) => server ?? '');
  const onlyLoopback = servers.length > 0 && servers.every((server) => server.startsWith('127.') || server === '::1');
  if (!onlyLoopback) return text;
  const real = await readOrEmpty(read, behindStub);
  return real === '' ? text : real;
}

async function readOrEmpty(read: (path: string) => Promise<string>, path: string): Promise<string> {
  try {
    return await read(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
