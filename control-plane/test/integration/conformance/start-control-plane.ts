/** A whole control plane, with its controllers and no board, and a client that shows answers as they are on the wire. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { systemClock } from '../../../../machinery/clock.ts';
import { silentLogger } from '../../../../machinery/logger.ts';
import { eventually } from '../../../../machinery/testing/eventually.ts';
import { freePort } from '../../../../machinery/testing/nats-daemon.ts';
import { startServer } from '../../../server.ts';

/** What an object on the wire may be; tests know which of it is there. */
export interface Loose {
  kind?: string;
  apiVersion?: string;
  metadata: {
    name: string; namespace?: string; uid: string; resourceVersion: string; generation?: number; deletionTimestamp?: string; continue?: string; remainingItemCount?: number;
    labels?: Record<string, string>; annotations?: Record<string, string>; finalizers?: string[]; ownerReferences?: { uid: string; name: string }[];
    managedFields?: { manager: string; operation: string; subresource?: string }[];
  };
  items: Loose[];
  data?: Record<string, string>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  [field: string]: any;
}

export interface Answer {
  code: number;
  headers: Record<string, string | string[] | undefined>;
  body: Loose;
}

export interface WatchEvent {
  type: string;
  object: Loose;
}

export interface OpenWatch {
  /** So far. */
  events: WatchEvent[];
  /** Whether the server has ended it. */
  ended: () => boolean;
  close: () => void;
}

export interface ControlPlane {
  url: string;
  kubeconfig: string;
  /** Temporary. */
  directory: string;
  config: KubeConfig;
  call: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;
  /** @throws when the answer is not a success. */
  ok: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Loose>;
  watch: (path: string) => Promise<OpenWatch>;
  /** A namespace of its own, ready for use. */
  newNamespace: () => Promise<string>;
  stop: () => Promise<void>;
}

export const patchTypes = {
  json: { 'content-type': 'application/json-patch+json' },
  merge: { 'content-type': 'application/merge-patch+json' },
  strategic: { 'content-type': 'application/strategic-merge-patch+json' },
  apply: { 'content-type': 'application/apply-patch+yaml' },
} as const;

export async function startControlPlane(): Promise<ControlPlane> {
  const directory = await mkdtemp(join(tmpdir(), 'control-plane-'));
  const server = await startServer({
    dataDir: directory, version: '0.0.0', apiPort: await freePort(), natsPort: await freePort(), bindAddress: '127.0.0.1', advertiseAddress: '203.0.113.1',
    clusterCIDR: '198.18.112.0/20', serviceCIDR: '198.19.112.0/20', clusterDomain: 'cluster.local', boardName: 'board-1',
  }, { clock: systemClock, logger: silentLogger });
  const config = new KubeConfig();
  config.loadFromFile(server.kubeconfigPath);
  const { clusters, users } = parse(await readFile(server.kubeconfigPath, 'utf8')) as { clusters: { cluster: Record<string, string> }[]; users: { user: Record<string, string> }[] };
  const decode = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64');
  const { cluster } = clusters[0]!;
  const { user } = users[0]!;
  const url = cluster['server']!;
  const agent = new Agent({ keepAlive: true, ca: decode(cluster['certificate-authority-data']), cert: decode(user['client-certificate-data']), key: decode(user['client-key-data']) });

  const call: ControlPlane['call'] = (method, path, body, headers = {}) => new Promise((resolve, reject) => {
    const payload = body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const sent = { ...(payload ? { 'content-type': 'application/json', 'content-length': String(payload.length) } : {}), ...headers };
    const outgoing = request(new URL(path, url), { method, agent, headers: sent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = text.startsWith('{');
        resolve({ code: response.statusCode ?? 0, headers: response.headers, body: (isJson ? JSON.parse(text) : { text }) as Loose });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
  const ok: ControlPlane['ok'] = async (...request) => {
    const { code, body } = await call(...request);
    if (code >= 300) throw new Error(`${request[0]} ${request[1]}: ${code} ${JSON.stringify(body)}`);
    return body;
  };
  const watch: ControlPlane['watch'] = (path) => new Promise((resolve, reject) => {
    const events: WatchEvent[] = [];
    let ended = false;
    let rest = '';
    const outgoing = request(new URL(path, url), { agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`the watch was answered with ${response.statusCode}`));
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop()!;
        for (const line of lines) events.push(JSON.parse(line) as WatchEvent);
      });
      response.on('close', () => { ended = true; });
      response.on('error', () => { ended = true; });
      resolve({ events, ended: () => ended, close: () => { outgoing.destroy(); } });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
  let namespaces = 0;
  const newNamespace = async (): Promise<string> => {
    namespaces += 1;
    const name = `test-${namespaces}`;
    await ok('POST', '/api/v1/namespaces', { metadata: { name } });
    await eventually(() => ok('GET', `/api/v1/namespaces/${name}/serviceaccounts/default`));
    return name;
  };
  const stop = async (): Promise<void> => {
    agent.destroy();
    await server.stop();
    await rm(directory, { recursive: true });
  };
  return { url, kubeconfig: server.kubeconfigPath, directory, config, call, ok, watch, newNamespace, stop };
}

/** A pod that nothing runs: no board is there. */
export function podOf(name: string, more: Record<string, unknown> = {}, spec: Record<string, unknown> = {}): object {
  return { metadata: { name, ...more }, spec: { containers: [{ name: 'main', image: 'web:1' }], ...spec } };
}
