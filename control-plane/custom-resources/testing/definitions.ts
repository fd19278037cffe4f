/** CustomResourceDefinitions of a kind CronTab, as Kubernetes' documentation has it. */
import type { CustomResourceDefinition } from '../../../api/apiextensions.ts';
import type { Schema } from '../schema-node.ts';

export interface DefinitionOptions {
  plural?: string;
  names?: Partial<CustomResourceDefinition['spec']['names']>;
  versions?: readonly string[];
  /** Default: the first version. */
  storage?: string;
  spec?: Schema;
}

/** @param more properties of spec. */
export function specSchema(more: Record<string, Schema> = {}): never {
  return {
    type: 'object',
    properties: { cronSpec: { type: 'string' }, nothing: { type: 'string' }, replicas: { type: 'integer', minimum: 1, maximum: 10, default: 1 }, ...more },
  } as never;
}

export function makeDefinition({ plural = 'crontabs', names = {}, versions = ['v1'], storage = versions[0], spec }: DefinitionOptions = {}): CustomResourceDefinition {
  return {
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${plural}.stable.example.com` },
    spec: {
      group: 'stable.example.com', scope: 'Namespaced',
      names: { plural, singular: 'crontab', kind: 'CronTab', shortNames: ['ct'], ...names },
      versions: versions.map((name) => ({
        name, served: true, storage: name === storage,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: spec === undefined ? specSchema() : spec as never,
              status: { type: 'object', properties: { replicas: { type: 'integer' }, labelSelector: { type: 'string' } } },
            },
          },
        },
        subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.labelSelector' } },
        additionalPrinterColumns: [
          { name: 'Spec', type: 'string', jsonPath: '.spec.cronSpec', description: 'When it runs' },
          { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas', priority: 1 },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
      })),
    },
  };
}
