import { describe, expect, test } from 'vitest';
import { daemonSets } from '../../../../api/resources.ts';
import { creationProblems, statusProblems, updateProblems, withDefaults } from '../../testing/strategy-problems.ts';
import { createTestRegistry } from '../../testing/test-registry.ts';
import { daemonSetStrategy as strategy, templateGenerationAnnotation } from './strategy.ts';

const base = { selector: { matchLabels: { app: 'log' } }, template: { metadata: { labels: { app: 'log' } }, spec: { containers: [{ name: 'log', image: 'log:1' }] } } };
const of = (spec: object) => ({ spec: { ...base, ...spec } });
const rolling = (rollingUpdate: object) => of({ updateStrategy: { rollingUpdate } });
const place = 'spec.updateStrategy.rollingUpdate';

test('defaults', () => {
  expect(withDefaults(strategy, of({})).spec).toMatchObject({ revisionHistoryLimit: 10, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } });
});

describe('a DaemonSet', () => {
  test.each<[object, string[]]>([
    [of({}), []],
    [rolling({ maxUnavailable: 0, maxSurge: '10%' }), []],
    [rolling({ maxUnavailable: 0 }), [`${place}.maxUnavailable: Required value: cannot be 0 when maxSurge is 0`]],
    [rolling({ maxSurge: 1 }), [`${place}.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero`]],
    [rolling({ maxUnavailable: '101%' }), [`${place}.maxUnavailable: Invalid value: "101%": must not be greater than 100%`]],
    [of({ updateStrategy: { type: 'Wild' } }), ['spec.updateStrategy: Unsupported value: {"Type":"Wild","RollingUpdate":null}: supported values: "RollingUpdate", "OnDelete"']],
    [of({ selector: {} }), ['spec.selector: Invalid value: {}: empty selector is invalid for daemonset']],
    [of({ selector: undefined }), ['spec.template.metadata.labels: Invalid value: {"app":"log"}: `selector` does not match template `labels`']],
    [of({ minReadySeconds: -1 }), ['spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0']],
  ])('%.110j', (set, expected) => expect(creationProblems(strategy, set)).toEqual(expected));

  test('keeps its selector', () => {
    const labels = { app: 'log', x: 'y' };
    const changed = of({ selector: { matchLabels: labels }, template: { ...base.template, metadata: { labels } } });
    expect(updateProblems(strategy, changed, of({}))).toEqual(['spec.selector: Invalid value: {"matchLabels":{"app":"log","x":"y"}}: field is immutable']);
  });

  test('has counts that are some', () => {
    expect(statusProblems(strategy, { collisionCount: -1 })).toEqual(['status.collisionCount: Invalid value: -1: must be greater than or equal to 0']);
    expect(statusProblems(strategy, {}, { status: { collisionCount: 1 } })).toEqual(['status.collisionCount: Invalid value: 0: cannot be decremented']);
    expect(statusProblems(strategy, { numberReady: -1 })).toEqual(['status.numberReady: Invalid value: -1: must be greater than or equal to 0']);
  });

  test('counts its templates', async () => {
    const { registry, context } = await createTestRegistry();
    const store = registry.of(daemonSets);
    const created = await store.create(context, 'default', { metadata: { name: 'log' }, ...of({}) });
    expect(created.metadata?.annotations).toEqual({ [templateGenerationAnnotation]: '1' });
    const change = (image: string) => store.update(context, { name: 'log', namespace: 'default', change: (set) => {
      set.spec!.template.spec!.containers[0]!.image = image;
      return { ...set, metadata: { ...set.metadata, annotations: {} } };
    } });
    const updated = await change('log:2');
    expect([updated.metadata?.annotations?.[templateGenerationAnnotation], updated.metadata?.generation]).toEqual(['2', 2]);
    expect((await change('log:2')).metadata?.annotations?.[templateGenerationAnnotation]).toBe('2');
    const counted = await store.update(context, { name: 'log', namespace: 'default', subresource: 'status', change: (set) => ({ ...set, metadata: { ...set.metadata, annotations: {} } }) });
    expect(counted.metadata?.annotations?.[templateGenerationAnnotation]).toBe('2');
  });
});
