/**
 * X.509 client certificates: the common name is the user, each organization a group. The TLS listener must request
 * certificates and know the authority; what it could not verify is refused here, so that it may leave refusing to this.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { newUnauthorized } from '../../api/errors.ts';
import type { UserInfo } from '../registry/registry.ts';
import { authenticatedGroup, type Authenticator } from './authenticator.ts';

export function createCertificateAuthenticator(): Authenticator {
  // A connection keeps its certificate for life.
  const users = new WeakMap<Socket, UserInfo | null>();
  return {
    authenticate({ socket }) {
      const known = users.get(socket);
      if (known !== undefined) return known ?? undefined;
      if (!(socket instanceof TLSSocket)) return undefined;
      const { subject, fingerprint256 } = socket.getPeerCertificate() as Peer;
      if (!subject) {
        users.set(socket, null);
        return undefined;
      }
      const name = [subject.CN ?? []].flat()[0];
      if (!socket.authorized || !name) throw newUnauthorized();
      const user: UserInfo = {
        name, groups: [...[subject.O ?? []].flat(), authenticatedGroup],
        extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint256.replaceAll(':', '').toLowerCase()}`] },
      };
      users.set(socket, user);
      return user;
    },
  };
}

interface Peer {
  subject?: { CN?: string | string[]; O?: string | string[] };
  fingerprint256: string;
}
