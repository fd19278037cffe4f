// Installs the npm dependencies and builds when either is missing or older than the sources. Prints what it does.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sourceStamp } from './source-stamp.js';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

function timed(title, file, args) {
  const started = performance.now();
  const result = spawnSync(file, args, { cwd: root, encoding: 'utf8' });
  if (result.status !== 0) {
    process.stderr.write(`  ✗ ${title}\n${result.stdout ?? ''}${result.stderr ?? ''}${result.error ? `${result.error.message}\n` : ''}`);
    process.stderr.write(`bramble: '${file} ${args.join(' ')}' failed; the lines above say why\n`);
    process.exit(1);
  }
  process.stdout.write(`  ✓ ${title.padEnd(34)} ${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s\n`);
}

/** @param install also refreshes node_modules when package-lock.json is newer. */
export function prepare() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    process.stderr.write(`bramble: needs Node >= 20.19, this is ${process.versions.node}; install a newer nodejs\n`);
    process.exit(1);
  }
  const marker = join(root, 'node_modules', '.package-lock.json');
  const lock = join(root, 'package-lock.json');
  if (!existsSync(marker) || statSync(marker).mtimeMs < statSync(lock).mtimeMs) {
    timed('install npm dependencies', 'npm', ['ci', '--no-audit', '--no-fund']);
  }
  const stamp = join(root, 'dist', 'stamp');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== sourceStamp(root)) {
    timed('build', process.execPath, ['scripts/build.js']);
  }
}
