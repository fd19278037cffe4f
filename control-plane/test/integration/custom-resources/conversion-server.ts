/** An HTTPS conversion webhook: v1 has `hostPort`, v2 has `host` and `port`. */
import type { ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { KubernetesObject } from '../../../../api/meta.ts';
import { createAuthority, issueCertificate } from '../../../pki/certificates.ts';

export type Endpoint = KubernetesObject & { spec?: { hostPort?: string; host?: string; port?: string } };

export interface ConversionRequest {
  uid: string;
  desiredAPIVersion: string;
  objects: Endpoint[];
}

export interface ConversionServer {
  clientConfig: { url: string; caBundle: string };
  requests: ConversionRequest[];
  /** Answers in place of the conversion, while it is set; undefined: no answer at all. */
  respond: ((request: ConversionRequest) => unknown) | undefined;
  stop: () => Promise<void>;
}

export function convertEndpoint(object: Endpoint, apiVersion: string): Endpoint {
  const { hostPort, host, port } = object.spec ?? {};
  const [before, after] = hostPort === undefined ? [host, port] : hostPort.split(':');
  return { ...object, apiVersion, spec: apiVersion.endsWith('/v1') ? { hostPort: `${before}:${after}` } : { host: before!, port: after! } };
}

export async function startConversionServer(): Promise<ConversionServer> {
  const validity = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 3_600_000) };
  const authority = await createAuthority('conversion authority', validity);
  const leaf = await issueCertificate(authority, { commonName: 'conversion', organizations: [], usages: ['serverAuth'], alternativeNames: ['127.0.0.1'], ...validity });
  const server = createSecureServer({ cert: leaf.certificate, key: leaf.key }, (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { request } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { request: ConversionRequest };
      made.requests.push(request);
      answer(outgoing, made.respond ? made.respond(request) : success(request, request.objects.map((object) => convertEndpoint(object, request.desiredAPIVersion))));
    });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address() as AddressInfo;
  const made: ConversionServer = {
    clientConfig: { url: `https://127.0.0.1:${port}/convert`, caBundle: Buffer.from(authority.certificate).toString('base64') },
    requests: [], respond: undefined,
    stop: () => new Promise((resolve) => {
      server.close(() => { resolve(); });
      server.closeAllConnections();
    }),
  };
  return made;
}

/** What a webhook answers that converted everything. */
export function success({ uid }: ConversionRequest, convertedObjects: readonly Endpoint[]): unknown {
  return { kind: 'ConversionReview', apiVersion: 'apiextensions.k8s.io/v1', response: { uid, result: { status: 'Success' }, convertedObjects } };
}

function answer(outgoing: ServerResponse, body: unknown): void {
  if (body !== undefined) outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
