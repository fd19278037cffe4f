// `npm run bench [SECTION ...]`: builds the product and the benchmark, then runs it. Needs root, haproxy, wrk and iperf3; etcd if there.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { prepare, root } from './prepare.js';

prepare();
const needed = { haproxy: '/usr/sbin/haproxy', wrk: '/usr/bin/wrk', iperf3: '/usr/bin/iperf3' };
const lacking = Object.entries(needed).filter(([, path]) => !existsSync(path)).map(([name]) => name);
if (lacking.length > 0) {
  process.stderr.write(`bench: this machine lacks ${lacking.join(', ')}; run 'apt-get install ${lacking.join(' ')}' and start again\n`);
  process.exit(1);
}
const { build } = await import('esbuild');
// Inside the checkout, so that packages are found.
const bundles = join(root, 'dist', 'bench');
await build({ absWorkingDir: root, entryPoints: ['hardware-tests/bench/main.ts', 'hardware-tests/bench/boards-process.ts'], outdir: bundles, bundle: true, format: 'esm', platform: 'node', target: 'node20', packages: 'external', logLevel: 'warning' });
const { status } = spawnSync(process.execPath, [join(bundles, 'main.js'), ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
rmSync(bundles, { recursive: true });
process.exit(status ?? 1);
