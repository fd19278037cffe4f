/** What the `bramble` command says when something is wrong: one line that says what to do, exit code 1, nothing half-done. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../framework/cluster.ts';

let directory: string;
let dataDir: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bramble-command-'));
  dataDir = join(directory, 'data');
});
afterEach(() => rmSync(directory, { recursive: true }));

function bramble(args: string[], options: { uid?: number; env?: Record<string, string> } = {}): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['bin/bramble.js', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env }, ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

async function expectRefusal(args: string[], message: RegExp, options: { uid?: number; env?: Record<string, string> } = {}): Promise<void> {
  const result = await bramble(args, options);
  expect(result.stderr).toMatch(message);
  expect(result.stderr.trim().split('\n')).toHaveLength(1);
  expect(result.stderr).toMatch(/^bramble: /);
  expect(result.code).toBe(1);
  expect(existsSync(dataDir)).toBe(false);
}

describe('bramble', () => {
  it('names a wrong flag, a wrong value, a wrong command', async () => {
    await expectRefusal(['up', '--data-dir', dataDir, '--api-prot', '1'], /--api-prot.*bramble help/);
    await expectRefusal(['up', '--data-dir', dataDir, '--api-port', 'x'], /--api-port x: must be a port/);
    await expectRefusal(['upp'], /unknown command 'upp'/);
    await expectRefusal(['up', '--data-dir', dataDir], /--nats-port many/, { env: { BRAMBLE_NATS_PORT: 'many' } });
  });

  it('names an occupied port and how to choose another', async () => {
    const holder = createServer();
    const port = await new Promise<number>((resolve) => holder.listen(0, '0.0.0.0', () => resolve((holder.address() as { port: number }).port)));
    await expectRefusal(['up', '--data-dir', dataDir, '--api-port', String(port), '--nats-port', String(await freePort())], new RegExp(`port ${port} for the Kubernetes API is in use.*--api-port`));
    await expectRefusal(['up', '--data-dir', dataDir, '--nats-port', String(port), '--api-port', String(await freePort())], new RegExp(`port ${port} for NATS is in use.*--nats-port`));
    await new Promise((resolve) => holder.close(resolve));
  });

  it('says in one line why a part cannot start by itself', async () => {
    const holder = createServer();
    const port = await new Promise<number>((resolve) => holder.listen(0, '0.0.0.0', () => resolve((holder.address() as { port: number }).port)));
    const server = await bramble(['server', '--data-dir', dataDir, '--api-port', String(port), '--nats-port', String(await freePort())]);
    await new Promise((resolve) => holder.close(resolve));
    expect(server.stderr.split('\n').filter((line) => line.startsWith('bramble: '))).toEqual([`bramble: port ${port} of the Kubernetes API is in use; name another with --api-port`]);
    expect(server.code).toBe(1);
    for (const part of ['agent', 'proxy']) {
      const result = await bramble([part, '--data-dir', join(directory, 'empty'), '--service-cidr', '198.19.112.0/24']);
      expect(result.stderr.split('\n').filter((line) => line.startsWith('bramble: ') || /^\s+at /.test(line)), result.stderr).toHaveLength(1);
      expect(result.code).toBe(1);
    }
  });

  it('asks for root', async () => {
    for (const command of ['up', 'server', 'agent', 'proxy', 'down', 'reset']) {
      await expectRefusal([command, '--data-dir', dataDir], /must run as root.*sudo/, { uid: 65_534 });
    }
  });

  it('names a Docker daemon that does not answer', async () => {
    const ports = ['--api-port', String(await freePort()), '--nats-port', String(await freePort())];
    await expectRefusal(['up', '--data-dir', dataDir, ...ports, '--docker-host', `unix://${directory}/none.sock`], /no Docker daemon answers at unix:.*start it/);
    await expectRefusal(['agent', '--data-dir', dataDir, '--docker-host', `unix://${directory}/none.sock`], /no Docker daemon answers/);
  });

  it('does not delete a directory that is not its own', async () => {
    writeFileSync(join(directory, 'thesis.txt'), 'years of work');
    const result = await bramble(['reset', '--yes', '--data-dir', directory, '--docker-host', `unix://${directory}/none.sock`]);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/does not look like a data directory of bramble; nothing was deleted/);
    expect(existsSync(join(directory, 'thesis.txt'))).toBe(true);
  });

  it('explains itself', async () => {
    const help = await bramble(['help']);
    expect(help.code).toBe(0);
    for (const word of ['up', 'server', 'agent', 'proxy', 'down', 'reset', '--data-dir DIR', '--api-port N', '--cluster-cidr', '--service-cidr']) expect(help.stdout).toContain(word);
    expect((await bramble(['version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
