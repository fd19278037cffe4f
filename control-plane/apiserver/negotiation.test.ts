import { describe, expect, it } from 'vitest';
import { negotiate, parseAccept, type Transformation } from './negotiation.ts';

const table: Transformation<'table'> = { as: 'Table', group: 'meta.k8s.io', versions: ['v1', 'v1beta1'], form: 'table' };
const kubectl = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';

describe('negotiate', () => {
  it.each([
    [undefined, { encoding: 'json', form: 'object' }],
    ['*/*', { encoding: 'json', form: 'object' }],
    ['application/yaml', { encoding: 'yaml', form: 'object' }],
    ['application/vnd.kubernetes.protobuf,application/json', { encoding: 'json', form: 'object' }],
    ['application/vnd.kubernetes.protobuf;q=0.9, application/yaml;q=0.5, application/json;q=0.7', { encoding: 'json' }],
    ['application/yaml;q=0, application/*', { encoding: 'json' }],
    [kubectl, { encoding: 'json', form: 'table', version: 'v1' }],
    ['application/json;as=Table;v=v9;g=meta.k8s.io,application/json', { form: 'object' }],
    ['text/html, application/json;as=Table;v=v1beta1;g=meta.k8s.io', { form: 'table', version: 'v1beta1' }],
  ])('%s', (header, expected) => {
    expect(negotiate(header, [table])).toMatchObject(expected);
  });

  it.each(['text/html', 'application/vnd.kubernetes.protobuf', 'application/json;as=Nothing;v=v1;g=meta.k8s.io', 'application/json;q=0'])('refuses %s', (header) => {
    expect(() => negotiate(header, [table])).toThrow(/only the following media types are accepted: application\/json, application\/yaml/);
  });

  it.each([
    ['application/vnd.kubernetes.protobuf', { encoding: 'protobuf', form: 'object' }],
    ['application/vnd.kubernetes.protobuf;q=0.5, application/json', { encoding: 'json' }],
    ['application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io, application/json;as=Table;v=v1;g=meta.k8s.io', { encoding: 'json', form: 'table' }],
    ['*/*, application/yaml', { encoding: 'yaml' }],
    ['application/json;pretty=1', { encoding: 'json', pretty: true }],
    ['application/json;stream=watch, application/yaml', { encoding: 'yaml' }],
  ])('%s of a kind with protobuf', (header, expected) => {
    expect(negotiate(header, [{ ...table, textOnly: true }], { protobuf: true })).toMatchObject(expected);
  });

  it('gives no endless YAML', () => {
    expect(negotiate('application/yaml, application/json;stream=watch', [table], { stream: true })).toMatchObject({ encoding: 'json' });
    expect(() => negotiate('application/yaml', [table], { stream: true, protobuf: true })).toThrow('only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch');
  });

  it('gives the metadata of a custom kind as protobuf, though not the object', () => {
    const metadata: Transformation<'metadata'> = { as: 'PartialObjectMetadata', group: 'meta.k8s.io', versions: ['v1'], form: 'metadata' };
    expect(negotiate('application/vnd.kubernetes.protobuf, application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1', [metadata])).toMatchObject({ encoding: 'protobuf', form: 'metadata' });
  });

  it('does not remember more headers than a bounded number', () => {
    for (let index = 0; index < 1000; index++) expect(parseAccept(`application/x-${index}`)).toHaveLength(1);
  });
});
