/** /version and the list of paths at /. */
import type { FastifyInstance } from 'fastify';
import { apiVersionOf } from '../../../api/resources.ts';
import type { ResourceCatalog } from '../../registry/resource-catalog.ts';
import { sendValue } from '../responses.ts';

/** The Kubernetes release whose API this server has. */
export const kubernetesVersion = { major: '1', minor: '36', patch: '0' } as const;

/** `v1.36.0+bramble-0.1.0`: charts and operators choose API versions by what comes before the plus sign. */
export function gitVersion(version: string): string {
  const { major, minor, patch } = kubernetesVersion;
  return `v${major}.${minor}.${patch}+bramble-${version}`;
}

/** The build writes these in (scripts/build.js); from source there is no build. `kubectl version` and its tests want a commit. */
const build = { gitCommit: process.env.BRAMBLE_COMMIT ?? '', gitTreeState: process.env.BRAMBLE_TREE_STATE ?? '', buildDate: process.env.BRAMBLE_COMMIT_DATE ?? '1970-01-01T00:00:00Z' };

export function registerVersion(app: FastifyInstance, version: string, catalog: ResourceCatalog): void {
  const { major, minor } = kubernetesVersion;
  const info = {
    major, minor, emulationMajor: major, emulationMinor: minor, minCompatibilityMajor: major, minCompatibilityMinor: minor,
    gitVersion: gitVersion(version), ...build, goVersion: '', compiler: 'node', platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  };
  app.get('/version', (request, reply) => sendValue(request, reply, 200, info));
  app.get('/', (request, reply) => sendValue(request, reply, 200, { paths: pathsOf(catalog) }));
}

const plainPaths = ['/api', '/apis', '/healthz', '/healthz/ping', '/livez', '/livez/ping', '/metrics', '/openapi/v2', '/openapi/v3', '/readyz', '/readyz/ping', '/version'];

function pathsOf(catalog: ResourceCatalog): string[] {
  const groupPaths = catalog.resources.flatMap((row) => (row.group ? [`/apis/${row.group}`, `/apis/${apiVersionOf(row)}`] : [`/api/${row.version}`]));
  const documents = catalog.resources.map((row) => `/openapi/v3/${row.group ? 'apis' : 'api'}/${apiVersionOf(row)}`);
  return [...new Set([...plainPaths, ...groupPaths, ...documents])].sort();
}
