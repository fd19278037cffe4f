import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CustomResourceDefinition } from '../../api/apiextensions.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import type { Resource } from '../../api/resource.ts';
import { customResourceDefinitions } from '../../api/resources.ts';
import { eventually } from '../../machinery/testing/eventually.ts';
import { refusal } from '../registry/testing/refusal.ts';
import { createTestRegistry, type TestRegistry } from '../registry/testing/test-registry.ts';
import { makeDefinition, specSchema } from './testing/definitions.ts';

type Custom = KubernetesObject & { spec?: Record<string, unknown>; status?: Record<string, unknown> };

describe('custom resource definitions', () => {
  let test: TestRegistry;

  beforeEach(async () => {
    test = await createTestRegistry();
    test.registry.start();
  });

  afterEach(() => test.registry.stop());

  const definitions = () => test.registry.of(customResourceDefinitions);
  const condition = (name: string, type: string) => definitions().get(name).status?.conditions?.find((one) => one.type === type);
  const row = (version = 'v1', plural = 'crontabs') => test.registry.catalog.find('stable.example.com', version, plural) as Resource<Custom>;
  const define = async (definition: CustomResourceDefinition = makeDefinition()) => {
    await definitions().create(test.context, undefined, definition);
    await eventually(() => expect(condition(definition.metadata!.name!, 'Established')?.status).toBe('True'));
  };
  const create = (spec: Record<string, unknown>, name = 'a', version = 'v1') => test.registry.of(row(version)).create(test.context, 'default', {
    apiVersion: `stable.example.com/${version}`, kind: 'CronTab', metadata: { name }, spec,
  });

  it('accepts names and serves the kind with the same write that says so', async () => {
    let servedThen: boolean | undefined;
    definitions().watch({ labelSelector: [], fieldSelector: [], resourceVersion: '0', allowWatchBookmarks: false, sendInitialEvents: false }, {
      event: ({ object }) => {
        if ((object as CustomResourceDefinition).status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True')) servedThen ??= Boolean(row());
      },
      closed: () => {},
    });
    await define();
    expect(servedThen).toBe(true);
    expect(definitions().get('crontabs.stable.example.com').status).toMatchObject({
      acceptedNames: { plural: 'crontabs', singular: 'crontab', kind: 'CronTab', listKind: 'CronTabList', shortNames: ['ct'] }, storedVersions: ['v1'],
      conditions: [{ type: 'NamesAccepted', reason: 'NoConflicts', message: 'no conflicts found' }, { type: 'Established', reason: 'InitialNamesAccepted' }],
    });
    expect(row()).toMatchObject({ namespaced: true, singular: 'crontab', shortNames: ['ct'], custom: { listKind: 'CronTabList' } });
  });

  it('keeps two definitions from the same names until the first is gone', async () => {
    await define();
    const rival = makeDefinition({ plural: 'others', names: { kind: 'CronTab', singular: 'other', shortNames: [] } });
    await definitions().create(test.context, undefined, rival);
    await eventually(() => expect(condition('others.stable.example.com', 'NamesAccepted')).toMatchObject({ status: 'False', reason: 'ListKindConflict', message: '"CronTabList" is already in use' }));
    expect(condition('others.stable.example.com', 'Established')).toMatchObject({ status: 'False', reason: 'NotAccepted' });
    expect(row('v1', 'others')).toBeUndefined();
    await definitions().delete(test.context, 'crontabs.stable.example.com', undefined, {});
    await eventually(() => expect(condition('others.stable.example.com', 'Established')?.status).toBe('True'));
    expect(row('v1', 'others')).toBeDefined();
  });

  it('defaults, prunes and validates', async () => {
    await define();
    const created = await create({ cronSpec: '* * * * *', unknown: 1, nothing: null });
    expect(created).toMatchObject({ apiVersion: 'stable.example.com/v1', kind: 'CronTab', metadata: { generation: 1 } });
    expect(created.spec).toEqual({ cronSpec: '* * * * *', replicas: 1 });
    const error = await refusal(create({ cronSpec: 5, replicas: 11 }, 'b'));
    expect(error.message).toBe('CronTab.stable.example.com "b" is invalid: [spec.cronSpec: Invalid value: "integer": spec.cronSpec in body must be of type string: "integer", spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10]');
    expect(error.status.details?.causes?.map(({ reason }) => reason)).toEqual(['FieldValueTypeInvalid', 'FieldValueInvalid']);
  });

  it('keeps spec and status apart and counts generations', async () => {
    await define();
    await create({ cronSpec: '* * * * *' });
    const update = (change: (current: Custom) => Custom, subresource?: 'status') => test.registry.of(row()).update(test.context, { name: 'a', namespace: 'default', change, ...(subresource ? { subresource } : {}) });
    const status = await update((current) => ({ ...current, spec: { cronSpec: 'other' }, status: { replicas: 3, unknown: 1 } }), 'status');
    expect(status).toMatchObject({ metadata: { generation: 1 }, spec: { cronSpec: '* * * * *', replicas: 1 }, status: { replicas: 3 } });
    expect(status.status).toEqual({ replicas: 3 });
    const spec = await update((current) => ({ ...current, spec: { cronSpec: 'new' }, status: { replicas: 9 } }));
    expect(spec).toMatchObject({ metadata: { generation: 2 }, spec: { cronSpec: 'new', replicas: 1 }, status: { replicas: 3 } });
  });

  it('shows stored objects with the defaults of today', async () => {
    await define();
    await create({ cronSpec: '* * * * *' });
    await definitions().update(test.context, {
      name: 'crontabs.stable.example.com',
      change: (current) => {
        current.spec.versions[0]!.schema!.openAPIV3Schema!.properties!['spec'] = specSchema({ suspended: { type: 'boolean', default: false } });
        return current;
      },
    });
    expect(test.registry.of(row()).get('a', 'default').spec).toEqual({ cronSpec: '* * * * *', replicas: 1, suspended: false });
    const { items } = test.registry.of(row()).list({ labelSelector: [], fieldSelector: [] });
    expect(items.map(({ spec }) => spec?.['suspended'])).toEqual([false]);
  });

  it('serves several versions of the same objects', async () => {
    await define(makeDefinition({ versions: ['v1beta1', 'v1'], storage: 'v1' }));
    await create({ cronSpec: '* * * * *' }, 'a', 'v1beta1');
    expect(test.registry.of(row('v1')).get('a', 'default')).toMatchObject({ apiVersion: 'stable.example.com/v1' });
    expect(test.registry.of(row('v1beta1')).get('a', 'default')).toMatchObject({ apiVersion: 'stable.example.com/v1beta1' });
    expect(test.registry.catalog.resources.filter(({ custom }) => custom).map(({ version }) => version)).toEqual(['v1', 'v1beta1']);
    expect(row('v1beta1').storedAs).toBe(row('v1'));
    expect(test.storage.get('stable.example.com/crontabs/default/a')?.object.apiVersion).toBe('stable.example.com/v1');
  });

  it('moves objects to a new storage version when they are written again, changed or not', async () => {
    const name = 'crontabs.stable.example.com';
    const both = makeDefinition({ versions: ['v1beta1', 'v1'], storage: 'v1beta1' });
    const store = (storage: string, versions = ['v1beta1', 'v1']) => definitions().update(test.context, { name, change: (current) => ({ ...current, spec: { ...current.spec, versions: makeDefinition({ versions, storage }).spec.versions } }) });
    const stored = () => test.storage.get('stable.example.com/crontabs/default/a')?.object.apiVersion;
    await define(both);
    await create({ cronSpec: 'x' });
    expect(stored()).toBe('stable.example.com/v1beta1');
    await store('v1');
    expect(definitions().get(name).status?.storedVersions).toEqual(['v1beta1', 'v1']);
    expect((await refusal(store('v1', ['v1']))).message).toContain('status.storedVersions[0]: Invalid value: "v1beta1": missing from spec.versions; v1beta1 was previously a storage version');
    const again = () => test.registry.of(row('v1beta1')).update(test.context, { name: 'a', namespace: 'default', change: (current) => current });
    const { resourceVersion } = (await again()).metadata!;
    expect(stored()).toBe('stable.example.com/v1');
    expect((await again()).metadata?.resourceVersion).toBe(resourceVersion);
    await definitions().update(test.context, { name, subresource: 'status', change: (current) => ({ ...current, status: { ...current.status!, storedVersions: ['v1'] } }) });
    await store('v1', ['v1']);
    expect(row('v1beta1')).toBeUndefined();
    expect(test.registry.of(row()).get('a', 'default')).toMatchObject({ apiVersion: 'stable.example.com/v1', spec: { cronSpec: 'x' } });
  });

  it('deletes what there is of a kind before its definition goes', async () => {
    await define();
    await create({ cronSpec: 'x' });
    await create({ cronSpec: 'x' }, 'b');
    await test.registry.of(row()).update(test.context, { name: 'b', namespace: 'default', change: (current) => ({ ...current, metadata: { ...current.metadata, finalizers: ['example.com/held'] } }) });
    await definitions().delete(test.context, 'crontabs.stable.example.com', undefined, {});
    await eventually(() => expect(test.storage.get('stable.example.com/crontabs/default/a')).toBeUndefined());
    expect(condition('crontabs.stable.example.com', 'Terminating')).toMatchObject({ status: 'True', reason: 'InstanceDeletionPending' });
    expect((await refusal(create({ cronSpec: 'x' }, 'c'))).code).toBe(405);
    await test.registry.of(row()).update(test.context, { name: 'b', namespace: 'default', change: (current) => ({ ...current, metadata: { ...current.metadata, finalizers: [] } }) });
    await test.clock.advance(1000);
    await eventually(() => expect(() => definitions().get('crontabs.stable.example.com')).toThrow('not found'));
    expect(row()).toBeUndefined();
  });

  it('deletes what there is of a kind that is not served any more', async () => {
    const name = 'crontabs.stable.example.com';
    await define();
    await create({ cronSpec: 'x' });
    await definitions().update(test.context, { name, change: (current) => ({ ...current, spec: { ...current.spec, versions: current.spec.versions.map((version) => ({ ...version, served: false })) } }) });
    expect(row()).toBeUndefined();
    await definitions().delete(test.context, name, undefined, {});
    await eventually(() => expect(() => definitions().get(name)).toThrow('not found'));
    expect(test.storage.get('stable.example.com/crontabs/default/a')).toBeUndefined();
  });

  it('refuses what is no definition', async () => {
    const wrong = async (change: (definition: CustomResourceDefinition) => void) => {
      const definition = makeDefinition();
      change(definition);
      return (await refusal(definitions().create(test.context, undefined, definition))).message;
    };
    expect(await wrong((one) => { one.metadata!.name = 'x'; })).toContain('metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group');
    expect(await wrong((one) => { one.spec.versions[0]!.storage = false; })).toContain('must have exactly one version marked as storage version');
    expect(await wrong((one) => { delete one.spec.versions[0]!.schema; })).toContain('spec.versions[0].schema.openAPIV3Schema: Required value');
    expect(await wrong((one) => { one.spec.versions[0]!.schema!.openAPIV3Schema!.properties!['spec'] = {}; })).toContain('spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields');
    expect(await wrong((one) => { one.spec.group = 'x.k8s.io'; one.metadata!.name = 'crontabs.x.k8s.io'; })).toContain('metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation');
    expect(await wrong((one) => { one.spec.versions[0]!.schema!.openAPIV3Schema!.properties!['spec'] = specSchema({ bad: { type: 'integer', default: 'x' } }); })).toContain('spec.validation.openAPIV3Schema.properties[spec].properties[bad].default: Invalid value: "string":  in body must be of type integer: "string"');
  });

  it.each<[string, (definition: CustomResourceDefinition) => void, string]>([
    ['an empty short name', (one) => { one.spec.names.shortNames = ['']; }, 'spec.names.shortNames[0]: Invalid value: "": a DNS-1035 label must consist of'],
    ['a version that is no label, twice', (one) => { one.spec.versions[0]!.name = 'V1'; }, 'spec.version: Invalid value: "V1": a DNS-1035 label'],
    ['no storage version, as Go shows it', (one) => { one.spec.versions[0]!.storage = false; }, 'spec.versions: Invalid value: [{"Name":"v1","Served":true,"Storage":false,"Deprecated":false,"DeprecationWarning":null,'],
    ['a warning with a line break', (one) => { Object.assign(one.spec.versions[0]!, { deprecated: true, deprecationWarning: 'a\nb' }); }, 'must only contain printable UTF-8 characters; non-printable character found at index 1'],
    ['rules at the root beside a status', (one) => { one.spec.versions[0]!.schema!.openAPIV3Schema!.anyOf = [{ required: ['spec'] }]; }, 'XPreserveUnknownFields XValidations] fields are allowed at the root of the schema if the status subresource is enabled'],
    ['a root that may be null', (one) => { one.spec.versions[0]!.schema!.openAPIV3Schema!.nullable = true; }, 'spec.validation.openAPIV3Schema.nullable: Forbidden: nullable cannot be true at the root'],
    ['versions of reviews twice', (one) => { one.spec.conversion = { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1', 'v1'], clientConfig: { url: 'https://a/b' } } }; }, 'spec.conversion.conversionReviewVersions[1]: Invalid value: "v1": duplicate version'],
    ['a conversion that has no use for its versions', (one) => { one.spec.conversion = { strategy: 'None', webhook: { conversionReviewVersions: ['v1'] } }; }, 'spec.conversion.conversionReviewVersions: Forbidden: should not be set when strategy is not set to Webhook'],
    ['a user in a URL', (one) => { one.spec.conversion = { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://a:b@c/d' } } }; }, 'spec.conversion.webhookClientConfig.url: Invalid value: "a:b": user information is not permitted in the URL'],
    ['selectable fields in no dot notation', (one) => { one.spec.versions[0]!.selectableFields = [{ jsonPath: 'spec.image' }]; }, 'is an invalid path: expected [ or . but got: spec'],
  ])('refuses %s', async (_name, change, expected) => {
    const definition = makeDefinition();
    change(definition);
    expect((await refusal(definitions().create(test.context, undefined, definition))).message).toContain(expected);
  });

  it('keeps its group and its name', async () => {
    await define();
    const moved = definitions().update(test.context, { name: 'crontabs.stable.example.com', change: (live) => ({ ...live, spec: { ...live.spec, group: 'other.example.com' } }) });
    expect((await refusal(moved)).message).toBe('CustomResourceDefinition.apiextensions.k8s.io "crontabs.stable.example.com" is invalid: spec.group: Invalid value: "other.example.com": field is immutable');
  });

  it('takes finalizers without a domain, with a warning, and keeps the scale within the schema', async () => {
    const definition = makeDefinition();
    definition.spec.versions[0]!.schema!.openAPIV3Schema!.properties!['spec'] = specSchema({ replicas: { type: 'integer', maximum: 3 } });
    definition.spec.versions[0]!.subresources = { scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } };
    await define(definition);
    const warnings: string[] = [];
    const kind = test.registry.of(row());
    await kind.create({ ...test.context, warnings }, 'default', { apiVersion: 'stable.example.com/v1', kind: 'CronTab', metadata: { name: 'a', finalizers: ['mine', 'my.example.com'] }, spec: { replicas: 1 } });
    expect(warnings).toEqual([
      'metadata.finalizers: "mine": prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers',
      'metadata.finalizers: "my.example.com": prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers',
    ]);
    const scaleTo = (replicas: number) => refusal(kind.update(test.context, { name: 'a', namespace: 'default', subresource: 'scale', change: (live) => ({ ...live, spec: { replicas } }) }));
    expect((await scaleTo(4)).message).toBe('CronTab.stable.example.com "a" is invalid: spec.replicas: Invalid value: 4: spec.replicas in body should be less than or equal to 3');
    expect((await scaleTo(-1)).message).toBe('CronTab.stable.example.com "a" is invalid: .spec.replicas: Invalid value: -1: should be a non-negative integer');
  });

  it('accepts what Kubernetes accepts, and warns of formats that nobody keeps to', async () => {
    const definition = makeDefinition();
    const { properties } = definition.spec.versions[0]!.schema!.openAPIV3Schema!;
    properties!['spec'] = specSchema({
      port: { type: 'integer', 'x-kubernetes-int-or-string': true }, name: { type: 'string', format: 'k8s-short-name' }, odd: { type: 'string', format: 'odd' },
      nested: { type: 'object', properties: { a: { type: 'string' } }, allOf: [{ properties: { b: { minLength: 1 } } }] },
    });
    const warnings: string[] = [];
    await definitions().create({ ...test.context, warnings }, undefined, definition);
    expect(warnings).toEqual(['unrecognized format "odd"']);
  });
});
