/** /version and the list of paths at /. */
import type { FastifyInstance } from 'fastify';
import { apiVersionOf, resources } from '../../../api/resources.ts';
import { sendValue } from '../responses.ts';

/** The Kubernetes release whose API this server has. */
export const kubernetesVersion = { major: '1', minor: '36', patch: '0' } as const;

/** `v1.36.0+bramble-0.1.0`: charts and operators choose API versions by what comes before the plus sign. */
export function gitVersion(version: string): string {
  const { major, minor, patch } = kubernetesVersion;
  return `v${major}.${minor}.${patch}+bramble-${version}`;
}

export function registerVersion(app: FastifyInstance, version: string): void {
  const { major, minor } = kubernetesVersion;
  const info = {
    major, minor, emulationMajor: major, emulationMinor: minor, minCompatibilityMajor: major, minCompatibilityMinor: minor,
    gitVersion: gitVersion(version), gitCommit: '', gitTreeState: 'clean', buildDate: '1970-01-01T00:00:00Z',
    goVersion: '', compiler: 'node', platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  };
  app.get('/version', (request, reply) => sendValue(request, reply, 200, info));
  const groupPaths = [...new Set(resources.filter((row) => row.group !== '').flatMap((row) => [`/apis/${row.group}`, `/apis/${apiVersionOf(row)}`]))].sort();
  const paths = ['/api', '/api/v1', '/apis', ...groupPaths, '/healthz', '/healthz/ping', '/livez', '/livez/ping', '/openapi/v2', '/openapi/v3', '/readyz', '/readyz/ping', '/version'];
  app.get('/', (request, reply) => sendValue(request, reply, 200, { paths }));
}
