import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LogFile } from './log-file.ts';

let directory: string;
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'bramble-log-file-')); });
afterEach(() => rmSync(directory, { recursive: true }));

it('keeps two files of 5 MiB at most', () => {
  const path = join(directory, 'log', 'server.log');
  const log = new LogFile(path);
  const megabyte = Buffer.alloc(1024 * 1024, 'x');
  for (let count = 0; count < 13; count++) log.append(megabyte);
  log.close();
  expect(statSync(path).size).toBe(3 * megabyte.length);
  expect(statSync(`${path}.1`).size).toBe(5 * megabyte.length);
  expect(existsSync(`${path}.2`)).toBe(false);
});

it('goes on where an earlier run stopped', () => {
  const path = join(directory, 'server.log');
  for (const text of ['one\n', 'two\n']) {
    const log = new LogFile(path);
    log.append(Buffer.from(text));
    log.close();
  }
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
});

it('goes on without what a full disk refuses', () => {
  const log = new LogFile('/dev/full');
  log.append(Buffer.from('lost'));
  log.append(Buffer.from('lost too'));
  log.close();
});
