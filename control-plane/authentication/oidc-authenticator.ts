/**
 * Users of an OpenID Connect provider: ID tokens whose issuer and client are the configured ones. The provider's document and
 * keys are fetched when the first such token comes, and again when a token has an unknown key.
 * Follows k8s.io/apiserver/plugin/pkg/authenticator/token/oidc.
 */
import { get } from 'node:https';
import type { JSONWebKeySet, JWTPayload } from 'jose';
import type { Clock } from '../../machinery/clock.ts';
import { authenticatedGroup } from './authenticator.ts';
import { peekIssuer } from './service-account-tokens.ts';
import { newInvalidToken, type TokenAuthenticator } from './token-authenticator.ts';

export interface OidcOptions {
  /** `https://` without a trailing slash, exactly as in the tokens' `iss`. */
  issuerUrl: string;
  clientId: string;
  /** Default `sub`. */
  usernameClaim?: string;
  /** Default: the issuer and `#`, unless the claim is `email`; `-` is none. */
  usernamePrefix?: string;
  groupsClaim?: string;
  groupsPrefix?: string;
  /** PEM of the provider's authority. Default: those that Node knows. */
  ca?: string;
}

const maxAnswerBytes = 1024 * 1024;
const fetchTimeoutMs = 10_000;
/** An attacker's tokens with invented keys must not make us hammer the provider. */
const refetchMs = 60_000;
const algorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'];

export function createOidcAuthenticator(options: OidcOptions, clock: Clock): TokenAuthenticator {
  const keys = new ProviderKeys(options, clock);
  return {
    authenticateToken(token, audiences) {
      if (peekIssuer(token) !== options.issuerUrl) return undefined;
      return verify(options, keys, token, clock).then((payload) => ({ user: userOf(options, payload), audiences: [...audiences] }));
    },
  };
}

async function verify(options: OidcOptions, keys: ProviderKeys, token: string, clock: Clock): Promise<JWTPayload> {
  const { jwtVerify, createLocalJWKSet, errors } = await import('jose');
  const attempt = async (set: JSONWebKeySet): Promise<JWTPayload> => {
    const { payload } = await jwtVerify(token, createLocalJWKSet(set), { issuer: options.issuerUrl, audience: options.clientId, algorithms, currentDate: new Date(clock.now()), requiredClaims: ['exp'] });
    return payload;
  };
  try {
    try {
      return await attempt(await keys.get());
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      return await attempt(await keys.refresh());
    }
  } catch (error) {
    throw newInvalidToken(`oidc: verify token: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function userOf({ issuerUrl, usernameClaim = 'sub', usernamePrefix, groupsClaim, groupsPrefix = '' }: OidcOptions, payload: JWTPayload) {
  const name = payload[usernameClaim];
  if (typeof name !== 'string' || name === '') throw newInvalidToken(`oidc: parse username claims ${JSON.stringify(usernameClaim)}: claim not present`);
  if (usernameClaim === 'email' && payload['email_verified'] === false) throw newInvalidToken('oidc: email not verified');
  const prefix = usernamePrefix === '-' ? '' : usernamePrefix ?? (usernameClaim === 'email' ? '' : `${issuerUrl}#`);
  const claimed = groupsClaim === undefined ? [] : [payload[groupsClaim] ?? []].flat();
  const groups = claimed.filter((group): group is string => typeof group === 'string').map((group) => `${groupsPrefix}${group}`);
  return { name: `${prefix}${name}`, groups: [...groups, authenticatedGroup], ...(payload.jti ? { extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${payload.jti}`] } } : {}) };
}

class ProviderKeys {
  private readonly options: OidcOptions;
  private readonly clock: Clock;
  private set: Promise<JSONWebKeySet> | undefined;
  private fetchedAt = -Infinity;

  constructor(options: OidcOptions, clock: Clock) {
    this.options = options;
    this.clock = clock;
  }

  get(): Promise<JSONWebKeySet> {
    return this.set ?? this.refresh();
  }

  refresh(): Promise<JSONWebKeySet> {
    if (this.set && this.clock.monotonic() - this.fetchedAt < refetchMs) return this.set;
    this.fetchedAt = this.clock.monotonic();
    const set = this.fetchKeys();
    this.set = set;
    // What failed is asked again by the next token.
    set.catch(() => { if (this.set === set) this.set = undefined; });
    return set;
  }

  private async fetchKeys(): Promise<JSONWebKeySet> {
    const { issuerUrl, ca } = this.options;
    const document = await fetchJson(`${issuerUrl}/.well-known/openid-configuration`, ca) as { issuer?: unknown; jwks_uri?: unknown };
    if (document.issuer !== issuerUrl) throw new Error(`the provider calls itself ${String(document.issuer)}`);
    if (typeof document.jwks_uri !== 'string' || !document.jwks_uri.startsWith('https://')) throw new Error('the provider names no keys');
    return await fetchJson(document.jwks_uri, ca) as JSONWebKeySet;
  }
}

function fetchJson(url: string, ca: string | undefined): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request = get(url, { ...(ca ? { ca, allowPartialTrustChain: true } : {}), timeout: fetchTimeoutMs }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxAnswerBytes) request.destroy(new Error(`${url} answers with too much`));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        try {
          if (response.statusCode !== 200) throw new Error(`${url} answers ${response.statusCode}`);
          resolve(JSON.parse(Buffer.concat(chunks).toString()));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
    request.on('timeout', () => request.destroy(new Error(`${url} does not answer`)));
    request.on('error', reject);
  });
}
