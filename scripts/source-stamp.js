// One hash over everything the build reads, so that a start builds only what changed.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

const inputs = ['api', 'machinery', 'control-plane', 'agent', 'proxy', 'provisioning', 'scripts/build.js', 'package-lock.json'];

/** Path, size and modification time of every source file, hashed. */
export function sourceStamp(root) {
  const hash = createHash('sha256');
  const visit = (path) => {
    const stat = statSync(path);
    if (stat.isDirectory()) {
      for (const entry of readdirSync(path).sort()) visit(join(path, entry));
    } else if (!/\.test\.ts$/.test(path)) {
      hash.update(`${relative(root, path)} ${stat.size} ${stat.mtimeMs}\n`);
    }
  };
  for (const input of inputs) if (existsSync(join(root, input))) visit(join(root, input));
  return hash.digest('hex');
}
