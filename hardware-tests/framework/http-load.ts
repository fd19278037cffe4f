/** A steady stream of HTTP requests that counts what fails: bounded in rate, and in time by stop(). */
import { Agent, get } from 'node:http';

export interface LoadResult {
  requests: number;
  failures: string[];
  /** Requests by the pod that answered them (header x-served-by). */
  servedBy: Map<string, number>;
  /** Requests by version (header x-guestbook-version). */
  versions: Map<string, number>;
}

export class HttpLoad {
  private readonly result: LoadResult = { requests: 0, failures: [], servedBy: new Map(), versions: new Map() };
  private readonly agent: Agent;
  private stopped = false;
  private readonly workers: Promise<void>[];

  /** @param options.keepAlive reuse connections, as browsers do; else a new one for each request. */
  constructor(options: { url: string; workers: number; pauseMs: number; keepAlive: boolean }) {
    this.agent = new Agent({ keepAlive: options.keepAlive });
    this.workers = Array.from({ length: options.workers }, () => this.work(options.url, options.pauseMs));
  }

  get soFar(): LoadResult {
    return this.result;
  }

  async stop(): Promise<LoadResult> {
    this.stopped = true;
    await Promise.all(this.workers);
    this.agent.destroy();
    return this.result;
  }

  private async work(url: string, pauseMs: number): Promise<void> {
    while (!this.stopped) {
      await this.request(url);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  private request(url: string): Promise<void> {
    return new Promise((resolve) => {
      const fail = (why: string): void => {
        this.result.failures.push(`${new Date().toISOString()} ${why}`);
        resolve();
      };
      this.result.requests += 1;
      const call = get(url, { agent: this.agent, timeout: 10_000 }, (response) => {
        response.resume();
        response.on('error', (error) => fail(error.message));
        response.on('end', () => {
          if (response.statusCode !== 200) {
            fail(`status ${response.statusCode}`);
            return;
          }
          count(this.result.servedBy, String(response.headers['x-served-by']));
          count(this.result.versions, String(response.headers['x-guestbook-version']));
          resolve();
        });
      });
      call.on('timeout', () => call.destroy(new Error('timed out')));
      call.on('error', (error: NodeJS.ErrnoException) => {
        // A kept connection that the server closed while the request was on its way: every HTTP client tries again.
        if (call.reusedSocket && error.code === 'ECONNRESET') {
          this.result.requests -= 1;
          void this.request(url).then(resolve);
          return;
        }
        fail(`${error.code ?? ''} ${error.message}`);
      });
    });
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
