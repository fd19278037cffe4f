/** Tokens as the API server uses them: issued for service accounts, reviewed for others, published for verifiers. */
import type { ServiceAccount } from '../../api/core.ts';
import type { TokenRequest } from '../../api/authentication.ts';
import { StatusError } from '../../api/errors.ts';
import type { ServiceAccountTokens } from './service-account-tokens.ts';
import type { TokenAuthentication, TokenAuthenticator } from './token-authenticator.ts';

export type TokenSpec = Partial<TokenRequest['spec']>;

export interface IssuedToken {
  spec: TokenRequest['spec'];
  status: { token: string; expirationTimestamp: string };
}

export interface TokenService {
  /** The defaults of what is not asked for. @throws StatusError Invalid for durations that are not possible. */
  complete(spec: TokenSpec): TokenRequest['spec'];
  /** @throws StatusError Invalid, BadRequest, NotFound or Conflict, as TokenRequest has them. */
  issue(account: ServiceAccount, spec: TokenSpec): Promise<IssuedToken>;
  /** @param audiences empty: the API server's own. */
  review(token: string, audiences: readonly string[]): Promise<TokenAuthentication | { error: string }>;
  /** /.well-known/openid-configuration */
  configuration(): object;
  /** /openid/v1/jwks */
  keySet(): object;
}

/** @param authenticator knows every kind of token. */
export function createTokenService(accounts: ServiceAccountTokens, authenticator: TokenAuthenticator): TokenService {
  return {
    complete: (spec) => accounts.complete(spec),
    issue: (account, spec) => accounts.issue(account, spec),
    async review(token, audiences) {
      try {
        return await authenticator.authenticateToken(token, audiences) ?? { error: 'invalid bearer token' };
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
        return { error: error.cause instanceof Error ? `[invalid bearer token, ${error.cause.message}]` : 'invalid bearer token' };
      }
    },
    configuration: () => accounts.configuration(),
    keySet: () => accounts.keySet(),
  };
}
