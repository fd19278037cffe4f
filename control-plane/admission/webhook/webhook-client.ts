/**
 * HTTPS to webhooks, at a URL or behind a Service. Connections are kept alive, per authority that vouches for them; there are
 * never more than `maxAgents` such sets of connections. Counterpart of k8s.io/apiserver/pkg/util/webhook: ClientManager.
 */
import { Agent, request as httpsRequest, type AgentOptions } from 'node:https';
import { posix } from 'node:path';
import type { Duplex } from 'node:stream';
import { connect as tlsConnect, rootCertificates, type ConnectionOptions } from 'node:tls';
import type { WebhookClientConfig } from '../../../api/admissionregistration.ts';

/** Opens a TCP connection to a port of a Service. @throws Error that says why not. */
export type ServiceDialer = (service: { namespace: string; name: string; port: number }) => Promise<Duplex>;

export interface WebhookTarget {
  /** As error texts show it. */
  url: URL;
  caBundle: string | undefined;
  service: { namespace: string; name: string; port: number } | undefined;
}

export function webhookTarget({ url, service, caBundle }: WebhookClientConfig): WebhookTarget {
  if (!service) {
    const target = new URL(url ?? '');
    target.pathname = cleanPath(target.pathname);
    return { url: target, caBundle, service: undefined };
  }
  const { namespace, name, port = 443, path = '/' } = service;
  return { url: new URL(`https://${name}.${namespace}.svc:${port}${cleanPath(path)}`), caBundle, service: { namespace, name, port } };
}

/** What client-go makes of it: one slash where there are several, and none at the end. Go's servers send others elsewhere. */
function cleanPath(path: string): string {
  const cleaned = posix.normalize(`/${path}`);
  return cleaned.length > 1 && cleaned.endsWith('/') ? cleaned.slice(0, -1) : cleaned;
}

const maxAgents = 64;
const maxSocketsPerAgent = 32;
const keepAliveMs = 30_000;
/** A bigger answer is no answer: an AdmissionReview with a patch of a whole object fits easily. */
const maxResponseBytes = 8 * 1024 * 1024;

export class WebhookClient {
  private readonly dial: ServiceDialer;
  /** Least recently used first. */
  private readonly agents = new Map<string, Agent>();

  constructor(dial: ServiceDialer) {
    this.dial = dial;
  }

  /**
   * @returns the body of a 200 answer.
   * @throws Error worded like Go's HTTP client.
   */
  async post(target: WebhookTarget, body: string, timeoutMs: number): Promise<string> {
    const url = new URL(target.url);
    url.searchParams.set('timeout', `${Math.ceil(timeoutMs / 1000)}s`);
    const shown = target.service ? `https://${target.service.name}.${target.service.namespace}.svc:${target.service.port}${url.pathname}${url.search}` : url.href;
    try {
      return await this.send({ url, target, body, timeoutMs });
    } catch (error) {
      if (error instanceof AnswerError) throw error;
      throw new Error(`Post ${JSON.stringify(shown)}: ${describeFailure(error)}`, { cause: error });
    }
  }

  stop(): void {
    for (const agent of this.agents.values()) agent.destroy();
    this.agents.clear();
  }

  private send({ url, target, body, timeoutMs }: { url: URL; target: WebhookTarget; body: string; timeoutMs: number }): Promise<string> {
    const signal = AbortSignal.timeout(timeoutMs);
    return new Promise((resolve, reject) => {
      const request = httpsRequest(url, {
        method: 'POST', agent: this.agentOf(target), signal,
        headers: { 'content-type': 'application/json', accept: 'application/json', 'content-length': Buffer.byteLength(body), 'user-agent': 'kube-apiserver-admission' },
      }, (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > maxResponseBytes) request.destroy(new AnswerError(`the server sent more than ${maxResponseBytes} bytes`));
          else chunks.push(chunk);
        });
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          if (response.statusCode === 200 || response.statusCode === 201) resolve(text);
          else reject(new AnswerError(refusalText(response.statusCode ?? 0, text)));
        });
      });
      request.on('error', (error) => { reject(signal.aborted ? new DOMException('timeout', 'TimeoutError') : error); });
      request.end(body);
    });
  }

  private agentOf(target: WebhookTarget): Agent {
    const { service } = target;
    const key = `${service ? `${service.namespace}/${service.name}:${service.port}` : target.url.host} ${target.caBundle ?? ''}`;
    const known = this.agents.get(key);
    const agent = known ?? this.createAgent(target);
    this.agents.delete(key);
    this.agents.set(key, agent);
    if (this.agents.size > maxAgents) {
      const [oldest, unused] = this.agents.entries().next().value!;
      this.agents.delete(oldest);
      unused.destroy();
    }
    return agent;
  }

  private createAgent({ caBundle, service }: WebhookTarget): Agent {
    const ca = caBundle ? Buffer.from(caBundle, 'base64').toString('utf8') : [...rootCertificates];
    // As in Go, what a bundle names is trusted, be it an authority or the server's own certificate.
    const options: AgentOptions = { keepAlive: true, keepAliveMsecs: keepAliveMs, timeout: keepAliveMs * 2, maxSockets: maxSocketsPerAgent, maxFreeSockets: 4, ca, allowPartialTrustChain: true };
    return service ? new ServiceAgent({ ...options, servername: `${service.name}.${service.namespace}.svc` }, () => this.dial(service)) : new Agent(options);
  }
}

type Created = (error: Error | null, socket: Duplex) => void;

/** TLS over connections that a dialer opens. */
class ServiceAgent extends Agent {
  private readonly dial: () => Promise<Duplex>;

  constructor(options: AgentOptions, dial: () => Promise<Duplex>) {
    super(options);
    this.dial = dial;
  }

  override createConnection(options: AgentOptions, created: Created): undefined {
    this.dial().then((socket) => {
      const secure = tlsConnect({ ...options, socket, ALPNProtocols: ['http/1.1'] } as ConnectionOptions);
      // The agent itself hears of what happens from here on.
      created(null, secure);
    }, (error: unknown) => { created(error instanceof Error ? error : new Error(String(error)), undefined as unknown as Duplex); });
    return undefined;
  }
}

/** The webhook answered, but not as it should. */
class AnswerError extends Error {}

function refusalText(code: number, text: string): string {
  const shown = text.trim().slice(0, 1024);
  return shown ? shown : `the server responded with the status code ${code} but did not return more information`;
}

/** In the words of Go's HTTP client, which people search for. */
function describeFailure(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'context deadline exceeded';
  const { code, address, port, hostname } = error as NodeJS.ErrnoException & { address?: string; port?: number; hostname?: string };
  switch (code) {
    case 'ECONNREFUSED': return `dial tcp ${address}:${port}: connect: connection refused`;
    case 'ENOTFOUND': return `dial tcp: lookup ${hostname}: no such host`;
    case 'ECONNRESET': return 'EOF';
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'CERT_SIGNATURE_FAILURE': return 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
    case 'CERT_HAS_EXPIRED': return 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid';
    case 'ERR_TLS_CERT_ALTNAME_INVALID': return `tls: failed to verify certificate: x509: ${(error as Error).message}`;
    default: return error instanceof Error ? error.message : String(error);
  }
}
