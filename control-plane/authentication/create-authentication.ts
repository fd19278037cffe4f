/** Everything by which the API server of a cluster knows who asks. */
import type { Clock } from '../../machinery/clock.ts';
import { ensureServiceAccountKeys } from '../pki/service-account-keys.ts';
import { storageKey } from '../storage/keys.ts';
import type { Storage } from '../storage/storage.ts';
import { uniteAuthenticators, type Authenticator } from './authenticator.ts';
import { createBootstrapTokenAuthenticator } from './bootstrap-token-authenticator.ts';
import type { ObjectLookup } from './bound-objects.ts';
import { createCertificateAuthenticator } from './certificate-authenticator.ts';
import { createOidcAuthenticator, type OidcOptions } from './oidc-authenticator.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';
import { createBearerAuthenticator, uniteTokenAuthenticators } from './token-authenticator.ts';
import { createTokenService, type TokenService } from './token-service.ts';

export interface AuthenticationOptions {
  storage: Pick<Storage, 'get'>;
  clock: Clock;
  /** Holds sa.key. */
  keyDirectory: string;
  issuer: string;
  keySetUrl: string;
  newId: () => string;
  /** Users of an identity provider. Absent: none. */
  oidc?: OidcOptions;
}

export interface Authentication {
  authenticator: Authenticator;
  tokens: TokenService;
  accounts: ServiceAccountTokens;
}

/** @throws PkiError when the key of tokens cannot be used. */
export async function createAuthentication(options: AuthenticationOptions): Promise<Authentication> {
  const { storage, clock, issuer, keySetUrl, newId, oidc } = options;
  const lookup: ObjectLookup = (resource, namespace, name) => storage.get(storageKey(resource, namespace, name))?.object;
  const keys = await ensureServiceAccountKeys(options.keyDirectory);
  const accounts = new ServiceAccountTokens({ keys, issuer, keySetUrl, lookup, clock, newId });
  const known = uniteTokenAuthenticators([
    accounts, createBootstrapTokenAuthenticator({ lookup, clock }), ...(oidc ? [createOidcAuthenticator(oidc, clock)] : []),
  ]);
  return {
    accounts, tokens: createTokenService(accounts, known),
    authenticator: uniteAuthenticators([createCertificateAuthenticator(), createBearerAuthenticator(known)]),
  };
}
