/**
 * A log with a bound: at the limit the file becomes `<name>.1` and a new one begins. What cannot be written (the disk is
 * full) is lost, and a line says how much once there is room again: the cluster goes on without its log.
 */
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const limitBytes = 5 * 1024 * 1024;

export class LogFile {
  private readonly path: string;
  private descriptor: number;
  private size: number;
  private lostBytes = 0;

  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.path = path;
    this.descriptor = openSync(path, 'a', 0o600);
    this.size = fstatSync(this.descriptor).size;
  }

  append(chunk: Uint8Array): void {
    try {
      if (this.size + chunk.length > limitBytes) this.begin();
      if (this.lostBytes > 0) this.write(Buffer.from(`... ${this.lostBytes} bytes of this log could not be written\n`));
      this.lostBytes = 0;
      this.write(chunk);
    } catch {
      this.lostBytes += chunk.length;
    }
  }

  private begin(): void {
    const previous = this.descriptor;
    renameSync(this.path, `${this.path}.1`);
    this.descriptor = openSync(this.path, 'w', 0o600);
    closeSync(previous);
    this.size = 0;
  }

  private write(bytes: Uint8Array): void {
    this.size += writeSync(this.descriptor, bytes);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
