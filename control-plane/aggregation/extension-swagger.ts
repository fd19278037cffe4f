/**
 * OpenAPI 2 of extension API servers, for the one document of the cluster. Follows kube-aggregator/pkg/controllers/openapi. What
 * both name alike (Kubernetes' own metadata) is this server's.
 */
import type { APIService } from '../../api/apiregistration.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { SwaggerDocument, SwaggerOperation, SwaggerPathItem } from '../apiserver/openapi/documents.ts';
import type { SchemaObject } from '../apiserver/openapi/schema-object.ts';
import { isAvailable, type AggregatedServices } from './aggregated-services.ts';
import { askExtension } from './ask-extension.ts';
import type { ExtensionAccess } from './extension-request.ts';

export type SwaggerPart = Pick<SwaggerDocument, 'paths' | 'definitions'>;

export interface ExtensionSwaggerOptions extends ExtensionAccess {
  services: Pick<AggregatedServices, 'list' | 'openApiPaths'>;
  clock: Pick<Clock, 'after'>;
  logger: Logger;
}

type Json = Readonly<Record<string, unknown>>;

const aggregator = { name: 'system:kube-aggregator', groups: ['system:masters'] };
const methods = ['get', 'put', 'post', 'delete', 'patch'] as const;
const prefix = '#/definitions/';
const sharedPrefix = '#/parameters/';

export class ExtensionSwagger {
  private readonly options: ExtensionSwaggerOptions;

  constructor(options: ExtensionSwaggerOptions) {
    this.options = options;
  }

  /** Another one when the documents may be others: servers come, go, or have new kinds (as their OpenAPI 3 says). */
  get fingerprint(): string {
    const available = this.options.services.list().filter(isAvailable).map(({ metadata }) => `${metadata?.name}/${metadata?.uid}`);
    return available.length === 0 ? '' : JSON.stringify([available, this.options.services.openApiPaths]);
  }

  /** Servers without such a document, or with one that cannot be read, are left out. */
  async parts(): Promise<SwaggerPart[]> {
    const found = await Promise.all(this.options.services.list().filter(isAvailable).map((service) => this.partOf(service)));
    return found.flatMap((part) => part ?? []);
  }

  private async partOf(service: APIService): Promise<SwaggerPart | undefined> {
    try {
      const { code, value } = await askExtension(this.options, this.options.clock, service, { method: 'GET', path: '/openapi/v2', user: aggregator });
      if (code !== 200) throw new Error(`the server answered ${code}`);
      return partOf(value, `/apis/${service.spec!.group}/${service.spec!.version}`);
    } catch (error) {
      this.options.logger.debug('An extension API server has no OpenAPI 2 document', { apiService: service.metadata?.name, error });
      return undefined;
    }
  }
}

/** The paths of one group-version, and the definitions that they need. */
export function partOf(document: Json, root: string): SwaggerPart {
  const shared = objectIn(document['parameters']);
  const paths = Object.entries(objectIn(document['paths'])).filter(([path]) => path === `${root}/` || path.startsWith(`${root}/`))
    .map(([path, item]) => [path, pathItemOf(objectIn(item), shared)] as const);
  const all = objectIn(document['definitions']);
  const definitions: Record<string, SchemaObject> = {};
  const wanted = [...new Set(paths.flatMap(([, item]) => referencesIn(item)))];
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (Object.hasOwn(definitions, name) || !Object.hasOwn(all, name)) continue;
    definitions[name] = objectIn(all[name]);
    wanted.push(...referencesIn(definitions[name]));
  }
  return { paths: Object.fromEntries(paths), definitions };
}

/** @param own is not changed. */
export function mergeSwagger(own: SwaggerDocument, parts: readonly SwaggerPart[]): SwaggerDocument {
  if (parts.length === 0) return own;
  const sorted = <T>(record: Record<string, T>): Record<string, T> => Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    ...own,
    paths: sorted({ ...Object.assign({}, ...parts.map(({ paths }) => paths)), ...own.paths } as SwaggerDocument['paths']),
    definitions: sorted({ ...Object.assign({}, ...parts.map(({ definitions }) => definitions)), ...own.definitions } as SwaggerDocument['definitions']),
  };
}

/** With everything that the protobuf form asks for, though the server left it out. */
function pathItemOf(item: Json, shared: Json): SwaggerPathItem {
  const operations = methods.flatMap((method) => {
    const given = objectIn(item[method]);
    if (Object.keys(given).length === 0) return [];
    const operation = {
      description: '', operationId: '', tags: [], consumes: [], produces: [], schemes: [], 'x-kubernetes-action': '', 'x-kubernetes-group-version-kind': {}, ...given,
      parameters: parametersOf(given['parameters'], shared), responses: objectIn(given['responses']),
    } as unknown as SwaggerOperation;
    return [[method, operation] as const];
  });
  return { ...Object.fromEntries(operations), parameters: parametersOf(item['parameters'], shared) };
}

/** Servers share parameters among operations; this document names each where it is. */
function parametersOf(given: unknown, shared: Json): SwaggerPathItem['parameters'] {
  if (!Array.isArray(given)) return [];
  return given.flatMap((entry: unknown) => {
    const { $ref, ...parameter } = objectIn(entry);
    const found = typeof $ref === 'string' && $ref.startsWith(sharedPrefix) ? objectIn(shared[$ref.slice(sharedPrefix.length)]) : parameter;
    return typeof found['name'] === 'string' ? [found as unknown as SwaggerPathItem['parameters'][number]] : [];
  });
}

function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => (key === '$ref' && typeof child === 'string' && child.startsWith(prefix) ? [child.slice(prefix.length)] : referencesIn(child)));
}

function objectIn(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Json : {};
}
