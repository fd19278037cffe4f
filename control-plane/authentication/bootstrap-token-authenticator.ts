/** Bootstrap tokens: Secrets of kube-system by which new machines introduce themselves. Follows plugin/pkg/auth/authenticator/token/bootstrap. */
import { timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../api/core.ts';
import { secrets } from '../../api/resources.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { ObjectLookup } from './bound-objects.ts';
import { authenticatedGroup } from './authenticator.ts';
import { newInvalidToken, type TokenAuthenticator } from './token-authenticator.ts';

const tokenForm = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const defaultGroup = 'system:bootstrappers';
const groupForm = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

export function createBootstrapTokenAuthenticator({ lookup, clock }: { lookup: ObjectLookup; clock: Pick<Clock, 'now'> }): TokenAuthenticator {
  return {
    authenticateToken(token, audiences) {
      const match = tokenForm.exec(token);
      if (!match) return undefined;
      const [, id = '', given = ''] = match;
      const secret = lookup(secrets, 'kube-system', `bootstrap-token-${id}`) as Secret | undefined;
      const read = (name: string) => Buffer.from(secret?.data?.[name] ?? '', 'base64').toString();
      const expiration = read('expiration');
      const expired = expiration !== '' && !(Date.parse(expiration) > clock.now());
      if (!secret || secret.metadata?.deletionTimestamp || secret.type !== 'bootstrap.kubernetes.io/token' || expired
        || !equal(read('token-secret'), given) || read('token-id') !== id || read('usage-bootstrap-authentication') !== 'true') throw newInvalidToken('bootstrap token is not valid');
      const groups = read('auth-extra-groups').split(',').map((group) => group.trim()).filter((group) => group !== '');
      if (groups.some((group) => !groupForm.test(group))) throw newInvalidToken('bootstrap token has groups that it may not have');
      return { user: { name: `system:bootstrap:${id}`, groups: [...new Set([defaultGroup, ...groups]), authenticatedGroup] }, audiences: [...audiences] };
    },
  };
}

function equal(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
