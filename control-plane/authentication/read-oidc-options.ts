/** The provider of users as the options of the control plane have it. */
import { readFile } from 'node:fs/promises';
import type { ServerOptions } from '../options.ts';
import type { OidcOptions } from './oidc-authenticator.ts';

/** @throws when the file of the provider's authority cannot be read. */
export async function readOidcOptions(options: ServerOptions): Promise<{ oidc?: OidcOptions }> {
  const { oidcIssuerUrl: issuerUrl, oidcClientId: clientId, oidcUsernameClaim, oidcUsernamePrefix, oidcGroupsClaim, oidcGroupsPrefix, oidcCaFile } = options;
  if (!issuerUrl || !clientId) return {};
  return { oidc: {
    issuerUrl, clientId,
    ...(oidcUsernameClaim ? { usernameClaim: oidcUsernameClaim } : {}), ...(oidcUsernamePrefix ? { usernamePrefix: oidcUsernamePrefix } : {}),
    ...(oidcGroupsClaim ? { groupsClaim: oidcGroupsClaim } : {}), ...(oidcGroupsPrefix ? { groupsPrefix: oidcGroupsPrefix } : {}),
    ...(oidcCaFile ? { ca: await readFile(oidcCaFile, 'utf8') } : {}),
  } };
}
