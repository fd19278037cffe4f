/**
 * JSON Web Tokens of service accounts. A token holds as long as its signature, its times, its audience, its account and the
 * object it is bound to; signatures are checked once and remembered, everything else at every request, so that deleting the
 * pod or the account takes effect at once. Follows k8s.io/kubernetes/pkg/serviceaccount.
 */
import type { JWTPayload } from 'jose';
import type { TokenRequest } from '../../api/authentication.ts';
import type { Pod, Secret, ServiceAccount } from '../../api/core.ts';
import { newInvalid, newNotFound, type FieldError } from '../../api/errors.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import { nodes, pods, secrets, serviceAccounts, type Resource } from '../../api/resources.ts';
import { timestamp, type Clock } from '../../machinery/clock.ts';
import { LruMap } from '../../machinery/lru-map.ts';
import type { ServiceAccountKeys } from '../pki/service-account-keys.ts';
import type { UserInfo } from '../registry/registry.ts';
import { bindToken, type BoundObjects, type ObjectLookup } from './bound-objects.ts';
import { authenticatedGroup } from './authenticator.ts';
import { serviceAccountGroups, serviceAccountUserName } from './service-account-names.ts';
import { newInvalidToken, type TokenAuthentication, type TokenAuthenticator } from './token-authenticator.ts';
import type { IssuedToken, TokenSpec } from './token-service.ts';

export const legacyIssuer = 'kubernetes/serviceaccount';
/** Puts a token of a Secret out of use without deleting it. */
const invalidSinceLabel = 'kubernetes.io/legacy-token-invalid-since';
const legacyPrefix = 'kubernetes.io/serviceaccount';
/** What clients ask for that renew their token; it is good for a year, so that those that do not go on working. */
const warnOnlySeconds = 3607;
const extendedSeconds = 365 * 24 * 3600;
const defaultSeconds = 3600;
/** A pod that is going away may still say goodbye. */
const deletionLeewayMs = 60_000;
const extra = 'authentication.kubernetes.io';

export interface ServiceAccountTokenOptions {
  keys: ServiceAccountKeys;
  /** `https://kubernetes.default.svc.cluster.local`: also the audience of the API server. */
  issuer: string;
  /** Where verifiers outside find the keys. */
  keySetUrl: string;
  /** Reads an object from memory. */
  lookup: ObjectLookup;
  clock: Clock;
  newId: () => string;
}

interface Reference {
  name: string;
  uid: string;
}

interface Claims extends JWTPayload {
  'kubernetes.io'?: { namespace: string; serviceaccount: Reference; pod?: Reference; secret?: Reference; node?: Partial<Reference>; warnafter?: number };
}

export class ServiceAccountTokens implements TokenAuthenticator {
  private readonly options: ServiceAccountTokenOptions;
  /** Tokens with a good signature. Bounded: whoever has many tokens pays with signature checks. */
  private readonly verified = new LruMap<string, Claims>(1024);

  constructor(options: ServiceAccountTokenOptions) {
    this.options = options;
  }

  complete(wanted: TokenSpec): TokenRequest['spec'] {
    const expirationSeconds = wanted.expirationSeconds ?? defaultSeconds;
    refuse(expirationSeconds);
    return { ...wanted, audiences: wanted.audiences?.length ? wanted.audiences : [this.options.issuer], expirationSeconds };
  }

  async issue(account: ServiceAccount, wanted: TokenSpec): Promise<IssuedToken> {
    const { issuer, clock, newId, lookup } = this.options;
    const { namespace = '', name = '', uid = '' } = account.metadata ?? {};
    const { audiences, expirationSeconds = defaultSeconds } = this.complete(wanted);
    const bound = wanted.boundObjectRef ? bindToken(lookup, { namespace, name }, wanted.boundObjectRef) : {};
    const now = Math.floor(clock.now() / 1000);
    const extended = expirationSeconds === warnOnlySeconds && bound.pod !== undefined && audiences.every((audience) => audience === issuer);
    const claims: Claims = {
      aud: audiences, exp: now + (extended ? extendedSeconds : expirationSeconds), iat: now, iss: issuer, jti: newId(),
      'kubernetes.io': { namespace, ...bound, serviceaccount: { name, uid }, ...(extended ? { warnafter: now + warnOnlySeconds } : {}) },
      nbf: now, sub: serviceAccountUserName({ namespace, name }),
    };
    return {
      spec: { audiences, expirationSeconds, ...(wanted.boundObjectRef ? { boundObjectRef: wanted.boundObjectRef } : {}) },
      status: { token: await this.sign(claims), expirationTimestamp: timestamp((now + expirationSeconds) * 1000) },
    };
  }

  /** For the boards, which hand them to the pods. @throws StatusError NotFound when the account or the pod is gone. */
  async issueForPod(pod: Pod, { audience, expirationSeconds }: { audience: string | undefined; expirationSeconds: number }): Promise<{ token: string; expiresAt: number }> {
    const { name = '', namespace = '', uid = '' } = pod.metadata ?? {};
    const accountName = pod.spec?.serviceAccountName ?? 'default';
    const account = this.options.lookup(serviceAccounts, namespace, accountName);
    if (!account) throw newNotFound(serviceAccounts, accountName);
    const { status } = await this.issue(account as ServiceAccount, {
      audiences: audience ? [audience] : [], expirationSeconds: Math.max(expirationSeconds, 600), boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
    });
    const { exp = 0 } = JSON.parse(Buffer.from(status.token.split('.')[1]!, 'base64url').toString()) as Claims;
    return { token: status.token, expiresAt: exp * 1000 };
  }

  /** The endless kind that lives in a Secret. */
  issueLegacy(account: ServiceAccount, secretName: string): Promise<string> {
    const { namespace = '', name = '', uid = '' } = account.metadata ?? {};
    return this.sign({
      iss: legacyIssuer, [`${legacyPrefix}/namespace`]: namespace, [`${legacyPrefix}/secret.name`]: secretName,
      [`${legacyPrefix}/service-account.name`]: name, [`${legacyPrefix}/service-account.uid`]: uid, sub: serviceAccountUserName({ namespace, name }),
    });
  }

  authenticateToken(token: string, audiences: readonly string[]): TokenAuthentication | undefined | Promise<TokenAuthentication | undefined> {
    const known = this.verified.get(token);
    if (known) return this.check(token, known, audiences);
    const issuer = peekIssuer(token);
    if (issuer !== this.options.issuer && issuer !== legacyIssuer) return undefined;
    return this.verify(token).then((claims) => this.check(token, claims, audiences));
  }

  configuration(): object {
    const { issuer, keySetUrl, keys } = this.options;
    return {
      issuer, jwks_uri: keySetUrl, response_types_supported: ['id_token'], subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [...new Set(keys.verifying.map(({ algorithm }) => algorithm))],
    };
  }

  keySet(): object {
    return { keys: this.options.keys.verifying.map(({ id, algorithm, publicKey }) => ({ use: 'sig', kid: id, alg: algorithm, ...publicKey.export({ format: 'jwk' }) })) };
  }

  private async sign(claims: Claims): Promise<string> {
    const { SignJWT } = await import('jose');
    const { id, algorithm, privateKey } = this.options.keys.signing;
    return new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid: id }).sign(privateKey);
  }

  private async verify(token: string): Promise<Claims> {
    const { jwtVerify } = await import('jose');
    const { keys, clock } = this.options;
    try {
      const { payload } = await jwtVerify<Claims>(token, ({ kid }) => {
        const key = keys.verifying.find(({ id }) => id === kid);
        if (!key) throw new Error('unknown key');
        return key.publicKey;
      }, { algorithms: ['ES256', 'RS256'], currentDate: new Date(clock.now()) });
      this.verified.set(token, payload);
      return payload;
    } catch (error) {
      throw newInvalidToken(error instanceof Error ? error.message : String(error));
    }
  }

  private check(token: string, claims: Claims, wanted: readonly string[]): TokenAuthentication {
    if (claims.iss === legacyIssuer) return this.checkLegacy(token, claims, wanted);
    const { issuer, clock } = this.options;
    const now = clock.now() / 1000;
    if (typeof claims.exp !== 'number' || claims.exp <= now) throw newInvalidToken('service account token has expired');
    if ((claims.nbf ?? 0) > now + 10) throw newInvalidToken('service account token is not valid yet');
    const own = [claims.aud ?? []].flat();
    const asked = wanted.length > 0 ? wanted : [issuer];
    const audiences = asked.filter((audience) => own.includes(audience));
    if (audiences.length === 0) throw newInvalidToken(`token audiences ${JSON.stringify(own)} is invalid for the target audiences ${JSON.stringify(asked)}`);
    return { user: this.userOf(claims), audiences };
  }

  private userOf(claims: Claims): UserInfo {
    const about = claims['kubernetes.io'];
    if (!about) throw newInvalidToken('service account token has no claims of Kubernetes');
    const { namespace, serviceaccount, pod, secret, node } = about;
    this.exists(serviceAccounts, namespace, serviceaccount, 'service account');
    if (secret) this.exists(secrets, namespace, secret, 'secret');
    if (pod) this.exists(pods, namespace, pod, 'pod');
    else if (node?.uid) this.exists(nodes, undefined, { name: node.name ?? '', uid: node.uid }, 'node');
    return {
      name: serviceAccountUserName({ namespace, name: serviceaccount.name }), uid: serviceaccount.uid,
      groups: [...serviceAccountGroups(namespace), authenticatedGroup],
      extra: {
        ...(claims.jti ? { [`${extra}/credential-id`]: [`JTI=${claims.jti}`] } : {}),
        ...(node?.name ? { [`${extra}/node-name`]: [node.name] } : {}), ...(node?.uid ? { [`${extra}/node-uid`]: [node.uid] } : {}),
        ...(pod ? { [`${extra}/pod-name`]: [pod.name], [`${extra}/pod-uid`]: [pod.uid] } : {}),
      },
    };
  }

  private exists(resource: Resource, namespace: string | undefined, { name, uid }: Reference, what: string): KubernetesObject {
    const found = this.options.lookup(resource, namespace, name);
    if (!found) throw newInvalidToken(`${what} ${namespace ? `${namespace}/` : ''}${name} has been deleted`);
    if (found.metadata?.uid !== uid) throw newInvalidToken(`the ${what} UID (${found.metadata?.uid}) does not match the claim (${uid})`);
    const { deletionTimestamp } = found.metadata;
    if (deletionTimestamp && Date.parse(deletionTimestamp) + deletionLeewayMs < this.options.clock.now()) throw newInvalidToken(`${what} ${name} has been deleted`);
    return found;
  }

  private checkLegacy(token: string, claims: Claims, wanted: readonly string[]): TokenAuthentication {
    const { issuer, lookup } = this.options;
    const claim = (name: string): string => {
      const value = claims[`${legacyPrefix}/${name}`];
      if (typeof value !== 'string' || value === '') throw newInvalidToken(`${name} claim is missing`);
      return value;
    };
    const asked = wanted.length > 0 ? wanted : [issuer];
    if (!asked.includes(issuer)) throw newInvalidToken(`token audiences ${JSON.stringify([issuer])} is invalid for the target audiences ${JSON.stringify(asked)}`);
    const namespace = claim('namespace');
    const name = claim('service-account.name');
    const uid = claim('service-account.uid');
    const secret = lookup(secrets, namespace, claim('secret.name')) as Secret | undefined;
    if (!secret || secret.metadata?.deletionTimestamp) throw newInvalidToken('token has been invalidated');
    if (secret.metadata?.labels?.[invalidSinceLabel]) throw newInvalidToken(`the token in secret ${namespace}/${secret.metadata.name} for service account ${namespace}/${name} has been marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the '${invalidSinceLabel}' label from the secret to temporarily allow use of this token`);
    if (Buffer.from(secret.data?.['token'] ?? '', 'base64').toString() !== token) throw newInvalidToken("token doesn't match server's copy");
    this.exists(serviceAccounts, namespace, { name, uid }, 'service account');
    return { user: { name: serviceAccountUserName({ namespace, name }), uid, groups: [...serviceAccountGroups(namespace), authenticatedGroup] }, audiences: [issuer] };
  }
}

export type { BoundObjects };

function refuse(expirationSeconds: number): void {
  const field = 'spec.expirationSeconds';
  const errors: FieldError[] = [];
  const invalid = (why: string) => errors.push({ reason: 'FieldValueInvalid', field, message: `Invalid value: ${expirationSeconds}: ${why}` });
  if (expirationSeconds < 600) invalid('may not specify a duration less than 10 minutes');
  if (expirationSeconds > 2 ** 32) invalid('may not specify a duration larger than 2^32 seconds');
  if (errors.length > 0) throw newInvalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', errors);
}

/** Without checking anything: only to know whose token it may be. */
export function peekIssuer(token: string): string | undefined {
  const parts = token.split('.');
  if (parts.length !== 3 || token.length > 16_384) return undefined;
  try {
    const { iss } = JSON.parse(Buffer.from(parts[1]!, 'base64url').toString()) as { iss?: unknown };
    return typeof iss === 'string' ? iss : undefined;
  } catch {
    return undefined; // No JSON Web Token: another kind may know it.
  }
}
