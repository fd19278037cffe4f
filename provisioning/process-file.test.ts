import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimProcessFile, endProcess, removeProcessFile, runningProcess, writeProcessFile } from './process-file.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bramble-process-file-'));
  file = join(directory, 'run', 'up.json');
});
afterEach(() => rmSync(directory, { recursive: true }));

async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  writeProcessFile(file, child.pid!);
  await new Promise((resolve) => child.once('close', resolve));
  return child.pid!;
}

describe('process files', () => {
  it('name a process while it runs', async () => {
    expect(runningProcess(file)).toBeUndefined();
    writeProcessFile(file, process.pid);
    expect(runningProcess(file)).toBe(process.pid);
    await endedProcess();
    expect(runningProcess(file)).toBeUndefined();
  });

  it('do not take another process for the one they name', () => {
    writeProcessFile(file, process.pid);
    writeFileSync(file, JSON.stringify({ pid: process.pid, startTime: '1' }));
    expect(runningProcess(file)).toBeUndefined();
  });

  it('mean nothing when they are torn', () => {
    writeProcessFile(file, process.pid);
    writeFileSync(file, '{"pid": 1');
    expect(runningProcess(file)).toBeUndefined();
  });

  it('are claimed by one, until it ends', async () => {
    expect(claimProcessFile(file, process.pid)).toBeUndefined();
    expect(claimProcessFile(file, process.ppid)).toBe(process.pid);
    expect(runningProcess(file)).toBe(process.pid);
    removeProcessFile(file);
    await endedProcess();
    expect(claimProcessFile(file, process.pid)).toBeUndefined();
    expect(runningProcess(file)).toBe(process.pid);
    expect(readdirSync(join(directory, 'run'))).toEqual(['up.json']);
  });

  it('tell when a process has ended', async () => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    const closed = new Promise((resolve) => child.once('close', (_code, signal) => resolve(signal)));
    writeProcessFile(file, child.pid!);
    await endProcess(child.pid!, () => runningProcess(file) !== undefined, 5_000);
    expect(await closed).toBe('SIGTERM');
  });
});
