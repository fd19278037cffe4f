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

  call(method: string, path: string, body?: object): Promise<Buffer> {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const call = request({
        agent: this.agent, host: this.server.hostname, port: this.server.port, method, path,
        headers: { accept: 'application/json', ...(payload ? { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json', 'content-length': payload.length } : {}) },
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
  async watch(path: string, onEvent: (event: { type: string; object: unknown }) => void): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const call = request({ agent: this.agent, host: this.server.hostname, port: this.server.port, path, headers: { accept: 'application/json' } }, (response) => {
        let rest = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          const lines = (rest + text).split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines) onEvent(JSON.parse(line) as { type: string; object: unknown });
        });
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
