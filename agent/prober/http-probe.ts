/** httpGet probes and hooks. Follows pkg/probe/http: certificates are not checked, redirects stay on the host. */
import type { IncomingMessage, RequestOptions } from 'node:http';
import type { HTTPGetAction } from 'kubernetes-types/core/v1';
import type { Container } from '../../api/core.ts';
import { resolvePort } from './probe-port.ts';
import { failure, hostPort, maximumOutputBytes, networkErrorText, ProbeError, success, type ProbeResult } from './probe-result.ts';

export const probeUserAgent = 'kube-probe/1.36';
export const lifecycleUserAgent = 'kube-lifecycle/1.36';
const maximumRedirects = 10;

export interface HttpRequest {
  url: URL;
  /** The URL as events show it, with its port. */
  text: string;
  headers: Record<string, string | string[]>;
}

/** @param address of the pod, where the action names no host. @throws ProbeError for a port that is not there. */
export function httpRequestOf(action: HTTPGetAction, container: Container, address: string, userAgent: string): HttpRequest {
  const scheme = (action.scheme ?? 'HTTP').toLowerCase() === 'https' ? 'https' : 'http';
  const origin = `${scheme}://${hostPort(action.host || address, resolvePort(action.port, container))}`;
  const path = action.path ?? '';
  const text = `${origin}${path.startsWith('/') ? '' : '/'}${path}`;
  if (!URL.canParse(text)) throw new ProbeError(`parse ${JSON.stringify(text)}: invalid URL`);
  const headers: Record<string, string | string[]> = {};
  for (const { name, value } of action.httpHeaders ?? []) {
    const key = name.toLowerCase();
    const before = headers[key];
    headers[key] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
  }
  headers['user-agent'] ??= userAgent;
  headers['accept'] ??= '*/*';
  // An empty one is a way to send none.
  if (headers['accept'] === '') delete headers['accept'];
  return { url: new URL(text), text, headers };
}

interface Response {
  statusCode: number;
  location: string | undefined;
  body: string;
}

/** One GET, redirects followed. Only the signal bounds its time: the caller aborts it at the timeout. */
export async function probeHttp(request: HttpRequest, signal: AbortSignal): Promise<ProbeResult> {
  let { url, text: shown } = request;
  try {
    for (let redirects = 0; ; redirects++) {
      const response = await get(url, request.headers, signal);
      const next = redirectOf(response, url);
      if (!next) return judge(response);
      if (next.hostname !== request.url.hostname) return { verdict: 'warning', output: `Probe terminated redirects, Response body: ${response.body}` };
      if (redirects >= maximumRedirects) return failure(`Get "${next.href}": stopped after ${maximumRedirects} redirects`);
      url = next;
      shown = next.href;
    }
  } catch (error) {
    const text = signal.aborted ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)' : networkErrorText(error, hostPort(unbracketed(url.hostname), portOf(url)));
    return failure(`Get "${shown}": ${text}`);
  }
}

function judge(response: Response): ProbeResult {
  if (response.statusCode >= 200 && response.statusCode < 400) return success(response.body);
  return failure(`HTTP probe failed with statuscode: ${response.statusCode}`);
}

function redirectOf(response: Response, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(response.statusCode) || response.location === undefined) return undefined;
  return new URL(response.location, from);
}

function unbracketed(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function portOf(url: URL): number {
  return Number(url.port || (url.protocol === 'https:' ? 443 : 80));
}

async function get(url: URL, headers: HttpRequest['headers'], signal: AbortSignal): Promise<Response> {
  const { request: send } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  const options: RequestOptions & { rejectUnauthorized: boolean } = {
    host: unbracketed(url.hostname), port: portOf(url), path: `${url.pathname}${url.search}`, headers: { ...headers, connection: 'close' },
    method: 'GET', agent: false, rejectUnauthorized: false, signal,
    // Small servers end their lines with LF alone, which the kubelet's client takes.
    insecureHTTPParser: true,
  };
  return new Promise((resolve, reject) => {
    const sent = send(options, (response) => { void readBody(response).then((body) => resolve({ statusCode: response.statusCode ?? 0, location: response.headers.location, body }), reject); });
    sent.on('error', reject);
    sent.end();
  });
}

/** The beginning; the rest is not waited for. */
async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes >= maximumOutputBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maximumOutputBytes).toString();
}
