/** Starting and ending in every wrong way: interrupted, twice, without Docker; and what `down` and `reset` leave: nothing. */
import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { Cluster } from '../../framework/cluster.ts';
import { apply, converges, importSleep, sleepers, sources } from '../../framework/pod-checks.ts';

const run = promisify(execFile);
const ranges = { clusterCIDR: '198.18.48.0/20', serviceCIDR: '198.19.48.0/20', bridgeName: 'bramble-p3', extraFlags: ['--node-port-range', '30300-30399'] };

let cluster: Cluster;

afterEach(async () => {
  await cluster.destroy();
});

/** Everything of this cluster that the machine shows. */
async function traces(): Promise<string[]> {
  const lines = async (file: string, args: string[]): Promise<string[]> => (await run(file, args)).stdout.split('\n');
  const found = [
    ...(await lines('ps', ['-eo', 'pid,args'])).filter((line) => line.includes(cluster.dataDir) && !line.includes(' ps ')),
    ...(await lines('ip', ['-brief', 'link'])).filter((line) => line.startsWith(ranges.bridgeName)),
    ...(await lines('ip', ['route', 'show', 'table', 'all'])).filter((line) => (line.includes(ranges.clusterCIDR) || line.includes(ranges.serviceCIDR)) && !line.includes('metric 4096')),
    ...(await lines('nft', ['list', 'tables'])).filter((line) => line.includes(ranges.serviceCIDR.replace(/[./]/g, '-'))),
    ...(await lines('iptables-save', [])).filter((line) => line.includes(ranges.bridgeName)),
    ...readFileSync('/proc/mounts', 'utf8').split('\n').filter((line) => line.includes(cluster.dataDir)),
  ];
  return existsSync(cluster.dataDir) ? [...found, cluster.dataDir] : found;
}

describe('bramble up', { timeout: 180_000 }, () => {
  it('leaves nothing half-done when it is interrupted at any moment of its start', async () => {
    cluster = await Cluster.create(ranges);
    for (const delayMs of [50, 150, 250, 400, 600, 800, 1_000, 1_200, 1_500]) {
      const up = cluster.begin('up', ['--yes']);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      up.process.kill('SIGINT');
      // Before it listens to signals nothing has been begun, and the signal ends it.
      expect([0, null], up.output()).toContain(await up.exit);
      const left = (await traces()).filter((line) => line.includes('bramble.js') || line.includes('nats-server'));
      expect(left, `after ${delayMs} ms`).toEqual([]);
    }
    await cluster.up();
    expect(await cluster.interrupt()).toBe(0);
  });

  it('resets to nothing: no process, bridge, route, rule, mount, file', async () => {
    cluster = await Cluster.create(ranges);
    await cluster.up();
    await importSleep(cluster.dockerHost);
    await apply(cluster, ...sources('web'), sleepers('web', 2, { mounts: true }));
    await converges(cluster, new Map([['web', 2]]));
    // With everything running: it is ended first.
    const result = await cluster.bramble('reset', ['--yes']);
    expect(result.code, result.output).toBe(0);
    expect(cluster.upProcess?.exitCode).toBe(0);
    expect(await traces()).toEqual([]);
    const again = await cluster.bramble('reset', ['--yes']);
    expect(again.code, again.output).toBe(0);
  });

  it('is stopped by a signal to npm start', async () => {
    cluster = await Cluster.create(ranges);
    // Else npm start would replace the packages that this test runs on.
    expect(statSync('node_modules/.package-lock.json').mtimeMs, "package-lock.json is newer than node_modules: run 'npm ci'").toBeGreaterThan(statSync('package-lock.json').mtimeMs);
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const npm = spawn('npm', ['start', '--', '--yes', ...cluster.flags], { stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      npm.stdout.setEncoding('utf8').on('data', (text: string) => { output += text; });
      npm.stderr.setEncoding('utf8').on('data', (text: string) => { output += text; });
      await eventually(() => output.includes('The cluster is ready'), { timeoutMs: 60_000 });
      npm.kill(signal);
      await eventually(async () => {
        const left = (await traces()).filter((line) => line.includes('bramble.js') || line.includes('nats-server'));
        if (left.length > 0) throw new Error(`${signal}: ${left.join('\n')}\n${output}`);
        return true;
      }, { timeoutMs: 20_000 });
    }
  });
});
