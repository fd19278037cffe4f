import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../machinery/testing/eventually.ts';
import { pauseArchitecture, pauseProgram } from './pause-program.ts';

/** Words of the code segment, from the entry point on. */
function codeWords(program: Buffer, wide: boolean): string[] {
  const start = wide ? 64 + 2 * 56 : 52 + 2 * 32;
  return Array.from({ length: 24 }, (_unused, index) => program.readUInt32LE(start + 4 * index).toString(16).padStart(8, '0'));
}

describe('pauseProgram', () => {
  it.each([['amd64', 62, 2], ['arm64', 183, 2], ['arm', 40, 1]] as const)('is an executable for %s', (architecture, machine, wordClass) => {
    const program = pauseProgram(architecture);
    expect(program.subarray(0, 7)).toEqual(Buffer.from([0x7f, 0x45, 0x4c, 0x46, wordClass, 1, 1]));
    expect(program.readUInt16LE(16)).toBe(2);
    expect(program.readUInt16LE(18)).toBe(machine);
    expect(program.length).toBeLessThan(512);
  });

  // Checked once against binutils and run under QEMU: these are what the assembler makes of the listing.
  it('has the instructions of the listing on arm64', () => {
    expect(codeWords(pauseProgram('arm64'), true)).toEqual([
      'd28010c8', 'd2800220', '100002c1', 'd2800002', 'd2800103', 'd4000001', 'd28010e8', 'd2800000', '10000301', 'd2800002', 'd2800103', 'd4000001',
      'd2801128', '10000260', 'd2800001', 'd2800002', 'd2800103', 'd4000001', 'b7ffff40', 'd2800bc8', 'd2800000', 'd4000001', 'd503201f', 'd503201f',
    ]);
  });

  it('has the instructions of the listing on arm', () => {
    expect(codeWords(pauseProgram('arm'), false)).toEqual([
      'e3a070ae', 'e3a00011', 'e28f1050', 'e3a02000', 'e3a03008', 'ef000000', 'e3a070af', 'e3a00000', 'e28f104c', 'e3a02000', 'e3a03008', 'ef000000',
      'e3a070b1', 'e28f0038', 'e3a01000', 'e3a02000', 'e3a03008', 'ef000000', 'e3500000', 'bafffff7', 'e3a070f8', 'e3a00000', 'ef000000', 'e1a00000',
    ]);
  });

  it('knows the names of architectures', () => {
    expect(['x86_64', 'x64', 'amd64', 'aarch64', 'arm64', 'armv6l', 'armv7l', 'arm', 'armhf', 'riscv64', 's390x'].map(pauseArchitecture)).toEqual([
      'amd64', 'amd64', 'amd64', 'arm64', 'arm64', 'arm', 'arm', 'arm', 'arm', undefined, undefined,
    ]);
  });

  describe('run on this machine', () => {
    let directory: string;
    let path: string;
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'bramble-pause-'));
      path = join(directory, 'pause');
      await writeFile(path, pauseProgram(pauseArchitecture(arch())!), { mode: 0o755 });
    });
    afterAll(() => rm(directory, { recursive: true }));

    it.each(['SIGTERM', 'SIGINT'] as const)('sleeps until %s and ends with 0', async (signal) => {
      const child = spawn(path, { stdio: 'ignore' });
      await once(child, 'spawn');
      const exit = once(child, 'exit');
      child.kill('SIGCHLD');
      // Ignoring SIGCHLD and asleep: only its wait for the two signals comes after that.
      const status = () => readFile(`/proc/${child.pid}/status`, 'utf8');
      await eventually(async () => /^State:\s*S/m.test(await status()) && /^SigIgn:\s*0000000000010000$/m.test(await status()));
      child.kill(signal);
      expect(await exit).toEqual([0, null]);
    });
  });
});
