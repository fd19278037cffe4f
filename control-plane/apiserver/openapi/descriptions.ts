/** Kubernetes' own words on messages and fields, for `kubectl explain`. Loaded when OpenAPI is asked for, kept by nobody here. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** By message of the schema table, then by JSON field; '' is the message itself. */
export type DescriptionTable = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Beside the bundle; the build makes it. */
export const descriptionsFile = 'descriptions.json';

const none: DescriptionTable = {};

/** @returns nothing for messages where neither the build's file nor the package is there. */
export async function loadDescriptions(): Promise<DescriptionTable> {
  const built = new URL(`./${descriptionsFile}`, import.meta.url);
  if (existsSync(built)) return JSON.parse(readFileSync(built, 'utf8')) as DescriptionTable;
  try {
    const packageJson = createRequire(import.meta.url).resolve('kubernetes-types/package.json');
    const { extractDescriptions } = await import('./extract-descriptions.ts');
    return extractDescriptions(packageJson);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return none;
    throw error;
  }
}
