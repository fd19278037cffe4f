/** A lean HTTPS client of the API server, so that the client's own time counts little. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { parse } from 'yaml';

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
  users: { user: { 'client-certificate-data': string; 'client-key-data': string } }[];
}

export class ApiClient {
  private readonly agent: Agent;
  private readonly server: URL;

  constructor(kubeconfigPath: string, connections: number) {
    const config = parse(readFileSync(kubeconfigPath, 'utf8')) as Kubeconfig;
    const decode = (text: string): Buffer => Buffer.from(text, 'base64');
    this.server = new URL(config.clusters[0]!.cluster.server);
    this.agent = new Agent({
      keepAlive: true, maxSockets: connections,
      ca: decode(config.clusters[0]!.cluster['certificate-authority-data']),
      cert: decode(config.users[0]!.user['client-certificate-data']),
      key: decode(config.users[0]!.user['client-key-data']),
    });
  }

  call(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Buffer> {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const call = request({
        agent: this.agent, host: this.server.hostname, port: this.server.port, method, path,
        headers: { accept: 'application/json', ...(payload ? { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json', 'content-length': payload.length } : {}), ...headers },
      }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks);
          if ((response.statusCode ?? 500) >= 300) reject(new Error(`${method} ${path}: ${response.statusCode} ${text.toString()}`));
          else resolve(text);
        });
      });
      call.on('error', reject);
      call.end(payload);
    });
  }

  /** Calls back with each event of a watch until stopped. */
  watch(path: string, onEvent: (event: { type: string; object: unknown }) => void): Promise<() => void> {
    let rest = '';
    return this.stream(path, (bytes) => {
      const lines = (rest + bytes.toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onEvent(JSON.parse(line) as { type: string; object: unknown });
    });
  }

  /** Calls back with the number of events, which are lines, that came; reads none of them. */
  watchLines(path: string, onLines: (count: number) => void): Promise<() => void> {
    return this.stream(path, (bytes) => {
      let count = 0;
      for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count += 1;
      if (count > 0) onLines(count);
    });
  }

  private stream(path: string, onData: (bytes: Buffer) => void): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const call = request({ agent: this.agent, host: this.server.hostname, port: this.server.port, path, headers: { accept: 'application/json' } }, (response) => {
        response.on('data', onData);
        response.on('error', () => undefined); // stopped below
        resolve(() => call.destroy());
      });
      call.on('error', reject);
      call.end();
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
