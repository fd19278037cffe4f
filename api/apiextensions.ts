/** Types of the API group apiextensions.k8s.io, version v1. */
export type {
  CustomResourceDefinition, CustomResourceDefinitionSpec, CustomResourceDefinitionVersion, JSONSchemaProps,
} from 'kubernetes-types/apiextensions/v1';
