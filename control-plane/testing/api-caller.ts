import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { parse } from 'yaml';
import type { Status } from '../../api/meta.ts';

/** Rejects with this when the API server answers with a Status that is a failure. */
export class ApiCallError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'ApiCallError';
    this.code = code;
  }
}

/** The API as a client outside sees it: HTTPS with the administrator's certificate of a kubeconfig. */
export class ApiCaller {
  private readonly server: string;
  private readonly agent: Agent;

  private constructor(server: string, agent: Agent) {
    this.server = server;
    this.agent = agent;
  }

  static async fromKubeconfig(path: string): Promise<ApiCaller> {
    const config = parse(await readFile(path, 'utf8')) as { clusters: { cluster: Record<string, string> }[]; users: { user: Record<string, string> }[] };
    const decode = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64');
    const { cluster } = config.clusters[0]!;
    const { user } = config.users[0]!;
    return new ApiCaller(cluster['server']!, new Agent({
      keepAlive: true, ca: decode(cluster['certificate-authority-data']), cert: decode(user['client-certificate-data']), key: decode(user['client-key-data']),
    }));
  }

  get<T>(path: string): Promise<T> {
    return this.call('GET', path) as Promise<T>;
  }

  post<T>(path: string, body: object): Promise<T> {
    return this.call('POST', path, body) as Promise<T>;
  }

  put<T>(path: string, body: object): Promise<T> {
    return this.call('PUT', path, body) as Promise<T>;
  }

  delete<T>(path: string, options: object = {}): Promise<T> {
    return this.call('DELETE', path, options) as Promise<T>;
  }

  /** @returns the body as it is. */
  text(path: string): Promise<string> {
    return this.exchange('GET', path);
  }

  close(): void {
    this.agent.destroy();
  }

  private async call(method: string, path: string, body?: object): Promise<unknown> {
    return JSON.parse(await this.exchange(method, path, body)) as unknown;
  }

  private exchange(method: string, path: string, body?: object): Promise<string> {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = payload ? { 'content-type': 'application/json', 'content-length': payload.length } : {};
    return new Promise((resolve, reject) => {
      const call = request(new URL(path, this.server), { method, agent: this.agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const code = response.statusCode ?? 0;
          if (code < 300) resolve(text);
          else reject(new ApiCallError(code, (JSON.parse(text) as Status).message ?? text));
        });
      });
      call.on('error', reject);
      call.end(payload);
    });
  }
}
