/**
 * What a kubelet answers on its port, for `nodes/NAME/proxy`. There is no such port here: requests come over the board's
 * stream, past the API server's authorization, so each is answered as it is. Read-only.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { PodStatus } from '../../api/core.ts';
import { timestamp, type Clock } from '../../machinery/clock.ts';
import { readNodeReadings } from '../node-status/node-readings.ts';
import type { ContainerRuntime } from '../container-runtime/container-runtime.ts';
import type { DesiredState } from '../pods/desired-state.ts';
import { containerForLogs } from './find-container.ts';
import { serveFile } from './serve-file.ts';
import { StreamOpenError } from './stream-error.ts';

export interface KubeletApiOptions {
  nodeName: string;
  dataDir: string;
  /** What `/logs/` shows. Default `/var/log`. */
  logDirectory?: string;
  runtime: Pick<ContainerRuntime, 'getPod' | 'logs'>;
  state: Pick<DesiredState, 'pods'>;
  podStatus: (podUid: string) => PodStatus | undefined;
  clock: Clock;
}

type Handler = (path: string, query: URLSearchParams, response: ServerResponse) => Promise<void> | void;

export class KubeletApi {
  private readonly options: KubeletApiOptions;
  private readonly server: Server;
  private readonly startedAt: string;
  private readonly handlers: readonly (readonly [RegExp, Handler])[] = [
    [/^\/healthz(\/.*)?$/, (_path, _query, response) => sendText(response, 200, 'ok')],
    [/^\/(pods|runningpods)\/?$/, (_path, _query, response) => sendJson(response, this.podList())],
    [/^\/stats\/summary\/?$/, async (_path, _query, response) => sendJson(response, await this.summary())],
    [/^\/logs(\/.*)?$/, (path, _query, response) => serveFile(this.options.logDirectory ?? '/var/log', path.replace(/^\/logs/, ''), response)],
    [/^\/containerLogs\/[^/]+\/[^/]+\/[^/]+$/, (path, query, response) => this.containerLog(path, query, response)],
  ];

  constructor(options: KubeletApiOptions) {
    this.options = options;
    this.startedAt = timestamp(options.clock.now());
    this.server = createServer({ requestTimeout: 60_000 }, (request, response) => {
      this.answer(request, response).catch((error: unknown) => {
        if (response.headersSent) response.destroy();
        else sendText(response, error instanceof StreamOpenError ? error.code : error instanceof URIError ? 400 : 500, (error as Error).message);
      });
    });
  }

  /** Speaks HTTP on a connection from now on. */
  serve(connection: Duplex): void {
    // A server that has said its last word reads no more.
    connection.once('finish', () => connection.destroy());
    this.server.emit('connection', connection);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://board');
    const path = decodeURIComponent(url.pathname);
    const handler = this.handlers.find(([pattern]) => pattern.test(path))?.[1];
    if (!handler) sendText(response, 404, '404 page not found');
    else if (request.method !== 'GET' && request.method !== 'HEAD') sendText(response, 405, '405: Method Not Allowed');
    else await handler(path, url.searchParams, response);
  }

  private podList(): object {
    const { state, podStatus } = this.options;
    const items = state.pods().map((pod) => ({ ...pod, status: podStatus(pod.metadata?.uid ?? '') ?? pod.status }));
    return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items };
  }

  private async summary(): Promise<object> {
    const { nodeName, dataDir, clock, state } = this.options;
    const readings = await readNodeReadings(dataDir);
    const time = timestamp(clock.now());
    return {
      node: {
        nodeName, startTime: this.startedAt,
        memory: { time, availableBytes: readings.memoryAvailableBytes },
        fs: { time, availableBytes: readings.diskAvailableBytes, capacityBytes: readings.diskBytes, usedBytes: readings.diskBytes - readings.diskAvailableBytes, inodesFree: readings.inodesFree, inodes: readings.inodes },
        rlimit: { time, maxpid: readings.processLimit, curproc: readings.processes },
      },
      pods: state.pods().map(({ metadata, status }) => ({
        podRef: { name: metadata?.name, namespace: metadata?.namespace, uid: metadata?.uid }, startTime: status?.startTime ?? null, containers: [],
      })),
    };
  }

  private async containerLog(path: string, query: URLSearchParams, response: ServerResponse): Promise<void> {
    const { state, runtime, podStatus } = this.options;
    const [namespace = '', name = '', container = ''] = path.split('/').slice(2);
    const pod = state.pods().find(({ metadata }) => metadata?.namespace === namespace && metadata.name === name);
    if (!pod) throw new StreamOpenError(404, `pod ${JSON.stringify(name)} does not exist`);
    const uid = pod.metadata?.uid ?? '';
    const runtimePod = await runtime.getPod({ uid, namespace, name });
    const found = containerForLogs({ pod, status: podStatus(uid), runtimePod, container }, query.get('previous') === 'true');
    const abort = new AbortController();
    response.once('close', () => abort.abort(new Error('the client is gone')));
    const tail = Number(query.get('tailLines') ?? Number.NaN);
    response.writeHead(200, { 'content-type': 'text/plain' });
    for await (const { data } of runtime.logs(found.id, { follow: query.get('follow') === 'true', timestamps: query.get('timestamps') === 'true', ...(Number.isInteger(tail) && tail >= 0 ? { tailLines: tail } : {}) }, abort.signal)) {
      if (!response.write(data)) await new Promise((resolve) => { response.once('drain', resolve).once('close', resolve); });
    }
    response.end();
  }
}

function sendText(response: ServerResponse, code: number, text: string): void {
  response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }).end(text);
}

function sendJson(response: ServerResponse, value: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
