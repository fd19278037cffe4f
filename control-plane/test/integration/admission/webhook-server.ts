/** An HTTPS webhook that answers as the test says, with a certificate of an authority of its own. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createAuthority, issueCertificate } from '../../../pki/certificates.ts';

export interface ReviewRequest {
  uid: string;
  operation: string;
  name?: string;
  namespace?: string;
  kind: { group: string; version: string; kind: string };
  resource: { group: string; version: string; resource: string };
  subResource?: string;
  userInfo: { username: string; groups: string[] };
  object: { metadata?: { name?: string; labels?: Record<string, string> }; [field: string]: unknown } | null;
  oldObject: unknown;
  dryRun: boolean;
  options: unknown;
}

export interface WebhookAnswer {
  allowed?: boolean;
  uid?: string;
  status?: unknown;
  /** JSON patch operations. */
  patch?: unknown[];
  warnings?: string[];
  auditAnnotations?: Record<string, string>;
  /** Answered instead of a review. */
  raw?: { code: number; body: string };
}

export interface WebhookServer {
  /** What a configuration names. */
  clientConfig: (path?: string) => { url: string; caBundle: string };
  port: number;
  caBundle: string;
  /** Only the server's own certificate, which is no authority. */
  ownBundle: string;
  /** Requests by path, in order. */
  requests: { path: string; request: ReviewRequest }[];
  /** New connections so far. */
  connections: () => number;
  stop: () => Promise<void>;
}

type Respond = (request: ReviewRequest, path: string) => WebhookAnswer | Promise<WebhookAnswer>;

export async function startWebhookServer(respond: Respond, names: readonly string[] = []): Promise<WebhookServer> {
  const validity = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 3_600_000) };
  const authority = await createAuthority('webhooks', validity);
  const leaf = await issueCertificate(authority, { commonName: 'webhook', organizations: [], usages: ['serverAuth'], alternativeNames: ['127.0.0.1', 'localhost', ...names], ...validity });
  const requests: WebhookServer['requests'] = [];
  let connections = 0;
  const server = createServer({ cert: leaf.certificate, key: leaf.key }, (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { request } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { request: ReviewRequest };
      const path = (incoming.url ?? '').split('?', 1)[0]!;
      requests.push({ path, request });
      void Promise.resolve(respond(request, path)).then(({ raw, patch, uid = request.uid, ...answer }) => {
        if (raw) {
          outgoing.writeHead(raw.code).end(raw.body);
          return;
        }
        const encoded = patch ? { patch: Buffer.from(JSON.stringify(patch)).toString('base64'), patchType: 'JSONPatch' } : {};
        outgoing.writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: true, ...answer, ...encoded } }));
      });
    });
  });
  server.on('secureConnection', () => { connections += 1; });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address() as AddressInfo;
  const caBundle = Buffer.from(authority.certificate).toString('base64');
  return {
    port, caBundle, requests, ownBundle: Buffer.from(leaf.certificate).toString('base64'),
    clientConfig: (path = '/') => ({ url: `https://127.0.0.1:${port}${path}`, caBundle }),
    connections: () => connections,
    stop: () => new Promise((resolve) => {
      server.close(() => { resolve(); });
      server.closeAllConnections();
    }),
  };
}
