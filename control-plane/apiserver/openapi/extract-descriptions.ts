/**
 * Kubernetes' descriptions of messages and fields, out of the doc comments of the package kubernetes-types, and of the newer
 * @kubernetes/client-node for the fields that came since. The build writes them to a file of dist; from source they are
 * extracted when they are asked for.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DescriptionTable } from './descriptions.ts';

const meta = 'k8s.io.apimachinery.pkg.';
/** Where the types of a file of the package are in the schema table; else k8s.io.api. */
const packages: Readonly<Record<string, string>> = {
  'meta/v1': `${meta}apis.meta.v1`, 'api/resource': `${meta}api.resource`, runtime: `${meta}runtime`,
  'apiextensions/v1': 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1',
};

/** @param packageJson path of kubernetes-types/package.json; @kubernetes/client-node is beside it. */
export function extractDescriptions(packageJson: string): DescriptionTable {
  const table = extractTypes(packageJson);
  const models = join(dirname(packageJson), '..', '@kubernetes', 'client-node', 'dist', 'gen', 'models');
  for (const [message, texts] of Object.entries(table)) {
    const file = modelNames(message).map((name) => join(models, `${name}.d.ts`)).find((path) => existsSync(path));
    if (file) table[message] = { ...parseModel(readFileSync(file, 'utf8')), ...texts };
  }
  return table;
}

function extractTypes(packageJson: string): Record<string, Record<string, string>> {
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

const declaration = /\/\*\*((?:[^*]|\*(?!\/))*)\*\/\s*\n(export (?:interface|type) (\w+)| {4}(?:readonly )?"?([\w$-]+)"?\??:)|^export (?:interface|type) (\w+)/gm;

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

/** What a generated class of a message may be called: with its group where another has one of that name too. */
function modelNames(message: string): string[] {
  const [group = '', version = '', type = ''] = message.split('.').slice(-3);
  const upper = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
  return [`${upper(group)}${upper(version)}${type}`, `${upper(version)}${type}`];
}

/** Descriptions of the fields of a generated class. */
export function parseModel(source: string): Record<string, string> {
  const fields = source.matchAll(/\/\*\*((?:[^*]|\*(?!\/))*)\*\/\s*\n {4}'([^']+)'\??:/g);
  // As an attribute name JavaScript could not have: `_default`.
  return Object.fromEntries([...fields].map(([, comment = '', field = '']) => [field.replace(/^_/, ''), textOf(comment).replace(/\\(["'])/g, '$1')]));
}

function textOf(comment: string): string {
  return comment.split('\n').map((line) => line.replace(/^\s*\* ?/, '').trimEnd()).join('\n').trim().replaceAll('*\\/', '*/');
}
