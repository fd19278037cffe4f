/** One HTTPS request to an extension API server, with the front proxy's certificate: it is trusted to name the user. */
import { request as httpRequest, type ClientRequest, type OutgoingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import type { APIService } from '../../api/apiregistration.ts';
import type { ServiceDialer } from '../admission/webhook/webhook-client.ts';
import type { KeyPair } from '../pki/ensure-pki.ts';
import type { UserInfo } from '../registry/registry.ts';

export interface ExtensionAccess {
  dial: ServiceDialer;
  /** The client certificate that the ConfigMap extension-apiserver-authentication announces. */
  frontProxy: KeyPair;
}

export interface ExtensionCall {
  method: string;
  /** With its query. */
  path: string;
  headers: OutgoingHttpHeaders;
}

/** The body is the caller's to write and end. @throws Error when there is no way to the Service. */
export async function beginExtensionRequest({ dial, frontProxy }: ExtensionAccess, { spec }: APIService, call: ExtensionCall): Promise<ClientRequest> {
  const { namespace = '', name = '', port = 443 } = spec!.service!;
  const servername = `${name}.${namespace}.svc`;
  const socket = connect({
    socket: await dial({ namespace, name, port }), servername, cert: frontProxy.certificate, key: frontProxy.key, ALPNProtocols: ['http/1.1'],
    // As in Go, what the bundle names is trusted, be it an authority or the server's own certificate.
    rejectUnauthorized: !spec!.insecureSkipTLSVerify, allowPartialTrustChain: true, ...(spec!.caBundle ? { ca: Buffer.from(spec!.caBundle, 'base64').toString('utf8') } : {}),
  });
  return httpRequest({ createConnection: (): Duplex => socket, ...call, headers: { ...call.headers, host: servername } });
}

/** Who asks, in the headers that the extension server believes the front proxy. */
export function userHeaders({ name, uid, groups, extra = {} }: UserInfo): OutgoingHttpHeaders {
  return {
    'X-Remote-User': name, 'X-Remote-Group': [...groups], ...(uid ? { 'X-Remote-Uid': uid } : {}),
    ...Object.fromEntries(Object.entries(extra).map(([key, values]) => [`X-Remote-Extra-${encodeURIComponent(key)}`, [...values]])),
  };
}
