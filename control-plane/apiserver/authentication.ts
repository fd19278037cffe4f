/** Who sends a request. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { newUnauthorized } from '../../api/errors.ts';
import type { UserInfo } from '../registry/registry.ts';

export interface Authenticator {
  /**
   * @returns undefined when the request carries no credentials at all.
   * @throws StatusError Unauthorized when it carries some that do not hold.
   */
  authenticate(request: IncomingMessage): UserInfo | undefined;
}

export const anonymous: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/**
 * X.509 client certificates: the common name is the user, each organization a group. The TLS listener must request
 * certificates and know the authority; what it could not verify is refused here, so that it may leave refusing to this.
 */
export function createCertificateAuthenticator(): Authenticator {
  // A connection keeps its certificate for life.
  const users = new WeakMap<Socket, UserInfo>();
  return {
    authenticate(request) {
      const { socket } = request;
      const known = users.get(socket);
      if (known) return known;
      if (!(socket instanceof TLSSocket)) return refuseBearer(request);
      const { subject } = socket.getPeerCertificate() as { subject?: { CN?: string | string[]; O?: string | string[] } };
      if (!subject) return refuseBearer(request);
      const name = [subject.CN ?? []].flat()[0];
      if (!socket.authorized || !name) throw newUnauthorized();
      const user: UserInfo = { name, groups: [...[subject.O ?? []].flat(), 'system:authenticated'] };
      users.set(socket, user);
      return user;
    },
  };
}

/** A token that nobody checks must not be taken for no credentials at all. */
function refuseBearer(request: IncomingMessage): undefined {
  if (request.headers.authorization !== undefined) throw newUnauthorized();
  return undefined;
}
