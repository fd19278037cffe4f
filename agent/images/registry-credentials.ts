/** Credentials for pulls, from Secrets of the types kubernetes.io/dockerconfigjson and kubernetes.io/dockercfg. */
import type { Secret } from '../../api/core.ts';
import type { RegistryCredentials } from '../container-runtime/container-runtime.ts';
import { defaultRegistry } from './image-reference.ts';

interface DockerAuthentication {
  username?: string;
  password?: string;
  auth?: string;
}

/** Registry host, with a path prefix where the entry has one → credentials. A Secret that cannot be read has none. */
function entries(secret: Secret): [string, DockerAuthentication][] {
  const json = secret.data?.['.dockerconfigjson'];
  const legacy = secret.data?.['.dockercfg'];
  try {
    if (json !== undefined) {
      const config = JSON.parse(Buffer.from(json, 'base64').toString('utf8')) as { auths?: Record<string, DockerAuthentication> };
      return Object.entries(config.auths ?? {});
    }
    if (legacy !== undefined) return Object.entries(JSON.parse(Buffer.from(legacy, 'base64').toString('utf8')) as Record<string, DockerAuthentication>);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return [];
}

function hostOf(server: string): string {
  const host = server.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? defaultRegistry : host;
}

function decode(server: string, { username, password, auth }: DockerAuthentication): RegistryCredentials | undefined {
  if (username !== undefined && password !== undefined) return { username, password, server };
  if (auth === undefined) return undefined;
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1), server };
}

/** The first that fits the registry, in the order of the Secrets. */
export function credentialsFor(registry: string, secrets: readonly Secret[]): RegistryCredentials | undefined {
  for (const secret of secrets) {
    for (const [server, authentication] of entries(secret)) {
      const credentials = hostOf(server) === registry ? decode(server, authentication) : undefined;
      if (credentials) return credentials;
    }
  }
  return undefined;
}
