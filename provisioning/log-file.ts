/** A log with a bound: at the limit the file becomes `<name>.1` and a new one begins. */
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const limitBytes = 5 * 1024 * 1024;

export class LogFile {
  private readonly path: string;
  private descriptor: number;
  private size: number;

  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.path = path;
    this.descriptor = openSync(path, 'a', 0o600);
    this.size = fstatSync(this.descriptor).size;
  }

  append(chunk: Uint8Array): void {
    if (this.size + chunk.length > limitBytes) {
      closeSync(this.descriptor);
      renameSync(this.path, `${this.path}.1`);
      this.descriptor = openSync(this.path, 'w', 0o600);
      this.size = 0;
    }
    writeSync(this.descriptor, chunk);
    this.size += chunk.length;
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
