/** Steps on the terminal: what is being done, how it ended, how long it took. Colours only on a terminal. */
import type { Clock } from '../machinery/clock.ts';

export interface Output {
  write(text: string): void;
  isTTY?: boolean;
}

export class Progress {
  private readonly output: Output;
  private readonly clock: Clock;

  constructor(options: { output: Output; clock: Clock }) {
    this.output = options.output;
    this.clock = options.clock;
  }

  /** Runs one step and prints its line. Its result may add a remark: `docker  ok  0.3 s  Docker 20.10.24`. */
  async step<T>(title: string, work: (remark: (text: string) => void) => Promise<T>): Promise<T> {
    const started = this.clock.monotonic();
    let remark = '';
    if (this.output.isTTY) this.output.write(`  … ${title}`);
    try {
      const result = await work((text) => { remark = text; });
      this.finish(this.colour('32', '✓'), title, started, remark);
      return result;
    } catch (error) {
      this.finish(this.colour('31', '✗'), title, started, '');
      throw error;
    }
  }

  line(text = ''): void {
    this.output.write(`${text}\n`);
  }

  bold(text: string): string {
    return this.colour('1', text);
  }

  private finish(mark: string, title: string, started: number, remark: string): void {
    const seconds = ((this.clock.monotonic() - started) / 1000).toFixed(1);
    const line = `  ${mark} ${title.padEnd(34)} ${seconds.padStart(6)} s${remark ? `  ${remark}` : ''}`;
    this.output.write(this.output.isTTY ? `\r\u001b[K${line}\n` : `${line}\n`);
  }

  private colour(code: string, text: string): string {
    return this.output.isTTY ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}
