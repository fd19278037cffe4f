/**
 * What a cluster was started with, beside its data: `bramble down` and `reset` find its pods, bridge and routes again, also where
 * nobody repeats the flags. The node's name is part of what marks the containers.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Options, RawOptions } from './options.ts';
import { UserError } from './user-error.ts';

const names = ['node-name', 'bridge-name', 'cluster-cidr', 'service-cidr', 'docker-host'] as const;

const fileOf = (dataDir: string): string => join(dataDir, 'last-options.json');

export function writeLastOptions({ dataDir, nodeName, bridgeName, clusterCIDR, serviceCIDR, dockerHost }: Options): void {
  const raw: RawOptions = { 'node-name': nodeName, 'bridge-name': bridgeName, 'cluster-cidr': clusterCIDR, 'service-cidr': serviceCIDR, ...(dockerHost === undefined ? {} : { 'docker-host': dockerHost }) };
  // The old or the new content survives a power cut, never a half.
  writeFileSync(`${fileOf(dataDir)}.new`, `${JSON.stringify(raw)}\n`, { mode: 0o600, flush: true });
  renameSync(`${fileOf(dataDir)}.new`, fileOf(dataDir));
}

/** Nothing where no cluster was started. @throws UserError where the file is damaged. */
export function readLastOptions(dataDir: string): RawOptions {
  let found: unknown;
  try {
    found = JSON.parse(readFileSync(fileOf(dataDir), 'utf8'));
  } catch (error) {
    // Who may not read it is told by the checks that root is needed.
    if (['ENOENT', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return {};
    throw new UserError(`cannot read ${fileOf(dataDir)}: ${(error as Error).message}; delete it, and run this with the options that the cluster was started with`, { cause: error });
  }
  const values = (typeof found === 'object' && found !== null ? found : {}) as Readonly<Record<string, unknown>>;
  return Object.fromEntries(names.flatMap((name) => (typeof values[name] === 'string' ? [[name, values[name]]] : [])));
}
