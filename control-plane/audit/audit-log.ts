/**
 * The audit log: JSON lines in a file that is replaced when it is full. Lines wait in a bounded buffer and go to the disk
 * together, so that auditing slows no request down; what does not fit is counted and said.
 */
import { appendFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock, Timer } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';

export interface AuditLogOptions {
  path: string;
  /** Bytes of one file. */
  maxBytes: number;
  /** Full files kept beside it: `path.1` is the newest. */
  maxBackups: number;
  clock: Pick<Clock, 'after'>;
  logger: Logger;
}

/** Larger bodies are not written down: no card is to be filled with them, nor the time of other requests. */
export const maxObjectBytes = 1024 * 1024;
/** Kubernetes' mark of events that lack the bodies their level asks for. */
export const truncatedAnnotation = 'audit.k8s.io/truncated';
const bufferBytes = 4 * 1024 * 1024;
interface AuditLine {
  requestObject?: unknown;
  responseObject?: unknown;
  annotations?: Readonly<Record<string, string>>;
  [field: string]: unknown;
}

const flushAfterMs = 200;

/** INVARIANT: one write at a time, lines in the order of their events. */
export class AuditLog {
  private readonly options: AuditLogOptions;
  private lines: string[] = [];
  private waitingBytes = 0;
  private dropped = 0;
  private fileBytes: number | undefined;
  private timer: Timer | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(options: AuditLogOptions) {
    this.options = options;
  }

  write(event: AuditLine): void {
    let line = `${JSON.stringify(event)}\n`;
    let size = Buffer.byteLength(line);
    if (size > 2 * maxObjectBytes) {
      const { requestObject: _, responseObject: __, ...rest } = event;
      line = `${JSON.stringify({ ...rest, annotations: { ...rest.annotations, [truncatedAnnotation]: 'true' } })}\n`;
      size = Buffer.byteLength(line);
    }
    if (this.waitingBytes + size > bufferBytes) {
      this.dropped += 1;
      return;
    }
    this.lines.push(line);
    this.waitingBytes += size;
    this.timer ??= this.options.clock.after(flushAfterMs, () => { void this.flush(); });
  }

  /** Does not throw: what cannot be written is logged. */
  flush(): Promise<void> {
    this.timer?.cancel();
    this.timer = undefined;
    this.writing = this.writing.then(() => this.append());
    return this.writing;
  }

  private async append(): Promise<void> {
    const { path, maxBytes, logger } = this.options;
    const { lines, dropped } = this;
    if (lines.length === 0 && dropped === 0) return;
    this.lines = [];
    this.dropped = 0;
    const text = Buffer.from(lines.join(''));
    try {
      if (this.fileBytes === undefined) {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        this.fileBytes = await stat(path).then(({ size }) => size, () => 0);
      }
      if (this.fileBytes > 0 && this.fileBytes + text.length > maxBytes) await this.rotate();
      await appendFile(path, text, { mode: 0o600 });
      this.fileBytes += text.length;
    } catch (error) {
      logger.error('The audit log cannot be written', { path, lost: lines.length, error });
    } finally {
      // Not before: the bound holds for what is being written too.
      this.waitingBytes -= text.length;
    }
    if (dropped > 0) logger.warn('The audit log could not keep up', { lost: dropped });
  }

  private async rotate(): Promise<void> {
    const { path, maxBackups } = this.options;
    for (let index = maxBackups; index >= 1; index--) {
      await rename(index === 1 ? path : `${path}.${index - 1}`, `${path}.${index}`).catch((error: unknown) => { if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error; });
    }
    if (maxBackups === 0) await rm(path, { force: true });
    this.fileBytes = 0;
  }
}
