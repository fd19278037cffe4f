/**
 * Kubernetes' descriptions of messages and fields, out of the doc comments of the package kubernetes-types. The build writes
 * them to a file of dist; from source they are extracted when they are asked for.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DescriptionTable } from './descriptions.ts';

const meta = 'k8s.io.apimachinery.pkg.';
/** Where the types of a file of the package are in the schema table; else k8s.io.api. */
const packages: Readonly<Record<string, string>> = {
  'meta/v1': `${meta}apis.meta.v1`, 'api/resource': `${meta}api.resource`, runtime: `${meta}runtime`,
  'apiextensions/v1': 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1',
};

/** @param packageJson path of kubernetes-types/package.json. */
export function extractDescriptions(packageJson: string): DescriptionTable {
  const root = dirname(packageJson);
  const table: Record<string, Record<string, string>> = {};
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.d.ts')) continue;
    const name = file.slice(0, -'.d.ts'.length).replaceAll('\\', '/');
    const prefix = packages[name] ?? `k8s.io.api.${name.replaceAll('/', '.')}`;
    for (const [type, texts] of parseDeclarations(readFileSync(join(root, file), 'utf8'))) table[`${prefix}.${type}`] = texts;
  }
  return table;
}

const declaration = /\/\*\*((?:[^*]|\*(?!\/))*)\*\/\s*\n(export (?:interface|type) (\w+)| {4}"?([\w$-]+)"?\??:)|^export (?:interface|type) (\w+)/gm;

/** Doc comments by type and field; the type's own is under ''. */
export function parseDeclarations(source: string): Map<string, Record<string, string>> {
  const found = new Map<string, Record<string, string>>();
  let current: Record<string, string> = {};
  for (const [, comment = '', , described, field, bare] of source.matchAll(declaration)) {
    const type = described ?? bare;
    if (type !== undefined) {
      current = {};
      found.set(type, current);
    }
    if (comment) current[field ?? ''] = textOf(comment);
  }
  return found;
}

function textOf(comment: string): string {
  return comment.split('\n').map((line) => line.replace(/^\s*\* ?/, '').trimEnd()).join('\n').trim().replaceAll('*\\/', '*/');
}
