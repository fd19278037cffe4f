/**
 * NATS over TLS where the peer must be certified by one authority, whatever the clock says.
 *
 * Boards have no battery-backed clock: at a cold boot it may be years off, and it can only be set over the network. So the
 * dates of the server's certificate are not looked at. Everything else is: its signature by the pinned authority, its
 * usage, its name, and, by the handshake, that the peer has its key. What is given up is the end of validity of a server
 * certificate whose key was stolen; that takes a new authority.
 */
import { X509Certificate } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';
import { errors, type ConnectionOptions } from '@nats-io/transport-node';
import { NodeTransport } from '@nats-io/transport-node/lib/node_transport.js';

/** A name that every server certificate of the control plane has and nobody else's. */
export const pinnedServerName = 'kubernetes.default.svc';

const serverAuthentication = '1.3.6.1.5.5.7.3.1';

export class PinnedTransport extends NodeTransport {
  /** Called by the base class when the server has said hello in plain text and before anything is sent to it. */
  override startTLS(): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const authority = pinnedAuthority(this.options);
      const socket = connect({ socket: this.socket, servername: pinnedServerName, ca: authority, rejectUnauthorized: false, minVersion: 'TLSv1.2' });
      const fail = (error: Error): void => {
        socket.removeAllListeners();
        socket.on('error', () => {}); // Destroyed by us: what it says now explains nothing.
        socket.destroy();
        reject(new errors.ConnectionError(error.message, { cause: error }));
      };
      socket.once('error', fail);
      socket.once('close', () => fail(new Error('connection closed during the TLS handshake')));
      socket.once('secureConnect', () => {
        const refusal = whyUntrusted(socket.getPeerX509Certificate(), authority);
        if (refusal) return fail(new Error(refusal));
        socket.removeAllListeners();
        resolve(socket);
      });
    });
  }
}

function pinnedAuthority(options: ConnectionOptions): string {
  const { tls } = options;
  if (!tls?.ca) throw new TypeError('a pinned connection needs options.tls.ca');
  return tls.ca;
}

/** @returns undefined when the certificate is good, else a sentence. Dates are not looked at. */
export function whyUntrusted(certificate: X509Certificate | undefined, authority: string): string | undefined {
  if (!certificate) return 'the server showed no certificate';
  const issuer = new X509Certificate(authority);
  if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) return 'the certificate of the server is not from this cluster';
  // Node's types call it a list that is always there; it is undefined where the certificate restricts nothing.
  const usages = certificate.keyUsage as readonly string[] | undefined;
  if (!usages?.includes(serverAuthentication)) return 'the certificate of the peer is not a server\'s';
  if (certificate.checkHost(pinnedServerName) === undefined) return `the certificate of the server does not name ${pinnedServerName}`;
  return undefined;
}
