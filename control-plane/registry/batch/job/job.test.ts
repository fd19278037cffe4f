import { describe, expect, test } from 'vitest';
import type { Job } from '../../../../api/batch.ts';
import { jobs } from '../../../../api/resources.ts';
import { refusal } from '../../testing/refusal.ts';
import { statusProblems, texts, withDefaults } from '../../testing/strategy-problems.ts';
import { createTestRegistry } from '../../testing/test-registry.ts';
import { countIndexes, firstCommonIndex, indexProblem } from './index-intervals.ts';
import { jobStrategy as strategy } from './strategy.ts';

const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] } };

function created(spec: object, metadata: object = {}): Job {
  const job = withDefaults(strategy, { metadata: { name: 'once', uid: 'u-1', ...metadata }, spec: { template, ...spec } });
  strategy.prepareForCreate(job, { user: { name: 'tester', groups: [] }, fieldManager: 'test', dryRun: false });
  strategy.canonicalize?.(job);
  return job;
}

const problems = (spec: object) => texts(strategy.validate(created(spec)));
const indexed = { completionMode: 'Indexed', completions: 3 };

test('defaults', () => {
  const { template: _, selector, ...spec } = created({}).spec!;
  expect(spec).toEqual({ completions: 1, parallelism: 1, backoffLimit: 6, completionMode: 'NonIndexed', suspend: false, podReplacementPolicy: 'TerminatingOrFailed', manualSelector: false });
  expect(selector).toEqual({ matchLabels: { 'batch.kubernetes.io/controller-uid': 'u-1' } });
  expect(created({ parallelism: 2 }).spec?.completions).toBeUndefined();
  expect(created({ ...indexed, backoffLimitPerIndex: 1 }).spec?.backoffLimit).toBe(2147483647);
  expect(created({ podFailurePolicy: { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'X' }] }] } }).spec).toMatchObject({ podReplacementPolicy: 'Failed', podFailurePolicy: { rules: [{ onPodConditions: [{ type: 'X', status: 'True' }] }] } });
});

describe('the selector', () => {
  test('is made of uid and name, in the old and the new form', () => {
    expect(created({}).spec?.template.metadata?.labels).toEqual({ 'batch.kubernetes.io/controller-uid': 'u-1', 'controller-uid': 'u-1', 'batch.kubernetes.io/job-name': 'once', 'job-name': 'once' });
    expect(problems({})).toEqual([]);
  });

  test('of a client stays', () => {
    const labels = { app: 'x' };
    expect(problems({ manualSelector: true, selector: { matchLabels: labels }, template: { ...template, metadata: { labels } } })).toEqual([]);
    expect(problems({ manualSelector: true })).toEqual(['spec.selector: Required value', 'spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`']);
    expect(problems({ template: { ...template, metadata: { labels: { 'job-name': 'other' } } } })).toEqual([expect.stringMatching(/^spec\.template\.metadata\.labels\[job-name\]: Invalid value: .*: must be 'once'$/)]);
    expect(problems({ selector: { matchLabels: { app: 'x' } } })).toEqual([expect.stringMatching(/^spec\.selector: .*`selector` not auto-generated$/), expect.stringMatching(/does not match template `labels`$/)]);
  });
});

describe('a Job', () => {
  test.each<[object, string[]]>([
    [{ completions: -1, backoffLimit: -2 }, ['spec.completions: Invalid value: -1: must be greater than or equal to 0', 'spec.backoffLimit: Invalid value: -2: must be greater than or equal to 0']],
    [{ completionMode: 'Random' }, ['spec.completionMode: Unsupported value: "Random": supported values: "NonIndexed", "Indexed"']],
    [{ completionMode: 'Indexed', parallelism: 1 }, ['spec.completions: Required value: when completion mode is Indexed']],
    [{ backoffLimitPerIndex: 1 }, ['spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode']],
    [{ ...indexed, maxFailedIndexes: 4 }, ['spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified', 'spec.maxFailedIndexes: Invalid value: 4: must be less than or equal to completions']],
    [{ managedBy: 'me' }, ['spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")']],
    [{ template: { spec: { ...template.spec, restartPolicy: 'Always' } } }, ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"']],
    [{ podReplacementPolicy: 'Now' }, ['spec.podReplacementPolicy: Unsupported value: "Now": supported values: "Failed", "TerminatingOrFailed"']],
    [{ podFailurePolicy: { rules: [{ action: 'Wait' }] } }, ['spec.podFailurePolicy.rules[0].action: Unsupported value: "Wait": supported values: "Count", "FailIndex", "FailJob", "Ignore"', 'spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required']],
    [{ podFailurePolicy: { rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', containerName: 'b', values: [2, 0, 2] } }] } }, [
      'spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: "b": must be one of the container or initContainer names in the pod template',
      'spec.podFailurePolicy.rules[0].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator', 'spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Duplicate value: 2',
      'spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [2,0,2]: must be ordered',
    ]],
    [{ podFailurePolicy: { rules: [{ onExitCodes: { values: [1] } }] } }, ['spec.podFailurePolicy.rules[0].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]', 'spec.podFailurePolicy.rules[0].onExitCodes.operator: Required value: valid values: ["In" "NotIn"]']],
    [{ successPolicy: { rules: [{ succeededCount: 1 }] } }, ['spec.successPolicy: Invalid value: {"rules":[{"succeededCount":1}]}: requires indexed completion mode']],
    [{ ...indexed, successPolicy: { rules: [{ succeededIndexes: '0-1', succeededCount: 3 }, {}] } }, [
      'spec.successPolicy.rules[0].succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)',
      'spec.successPolicy.rules[1]: Required value: at least one of succeededCount or succeededIndexes must be specified',
    ]],
  ])('%.110j', (spec, expected) => expect(problems(spec)).toEqual(expected));

  test('with indexes has a name that its pods can have', () => {
    const name = 'x'.repeat(62);
    expect(texts(strategy.validate(created(indexed, { name })))).toContain(`metadata.name: Invalid value: "${name}": will not able to create pod with invalid DNS label: ${name}-2`);
  });
});

describe('an update', () => {
  const update = (change: (job: Job) => void, old = created({})) => {
    const job = structuredClone(old);
    change(job);
    return texts(strategy.validateUpdate(job, old));
  };

  test('may change how many pods run at once, and suspend', () => {
    expect(update((job) => { Object.assign(job.spec!, { parallelism: 5, suspend: true, backoffLimit: 1, ttlSecondsAfterFinished: 1 }); })).toEqual([]);
  });

  test('keeps what it does', () => {
    expect(update((job) => { job.spec!.completions = 2; })).toEqual(['spec.completions: Invalid value: 2: field is immutable']);
    expect(update((job) => { job.spec!.template.spec!.containers[0]!.image = 'b'; })).toEqual([expect.stringMatching(/^spec\.template: Invalid value: \{.*\}: field is immutable$/)]);
    expect(update((job) => { job.spec!.completions = 5; }, created({ ...indexed, parallelism: 3 }))).toEqual(['spec.completions: Invalid value: 5: can only be modified in tandem with spec.parallelism']);
    expect(update((job) => { Object.assign(job.spec!, { completions: 5, parallelism: 5 }); }, created({ ...indexed, parallelism: 3 }))).toEqual([]);
  });

  test('of a Job that waits to begin may say where its pods go', () => {
    const place = (job: Job) => {
      job.spec!.template.spec!.nodeSelector = { board: 'pi-5' };
      job.spec!.template.spec!.tolerations = [{ operator: 'Exists' }];
      job.spec!.template.spec!.affinity = { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } };
    };
    expect(update(place, created({ suspend: true }))).toEqual([]);
    expect(update(place)).toEqual([expect.stringMatching(/^spec\.template: .*field is immutable$/)]);
  });
});

describe('a status', () => {
  const complete = [{ type: 'SuccessCriteriaMet', status: 'True' }, { type: 'Complete', status: 'True' }];
  const done = { conditions: complete, startTime: '2026-01-01T00:00:00Z', completionTime: '2026-01-01T00:01:00Z', succeeded: 1 };
  const old = { spec: { template } };

  test.each<[object, string[]]>([
    [{ active: 1, ready: 1, startTime: '2026-01-01T00:00:00Z' }, []],
    [done, []],
    [{ ...done, completionTime: undefined }, ['status.completionTime: Required value: completionTime is required for Complete jobs']],
    [{ ...done, active: 1 }, ['status.active: Invalid value: 1: active>0 is invalid for finished job']],
    [{ ...done, conditions: complete.slice(1) }, ['status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition']],
    [{ ready: 2, active: 1 }, ['status.ready: Invalid value: 2: cannot set more ready pods than active']],
    [{ completedIndexes: '1' }, ['status.completedIndexes: Invalid value: "1": error parsing completedIndexes: too large index: "1"', 'status.completedIndexes: Invalid value: "1": cannot set non-empty completedIndexes when non-indexed completion mode']],
    [{ uncountedTerminatedPods: { succeeded: ['a', 'a', ''] } }, ['status.uncountedTerminatedPods.succeeded[1]: Duplicate value: "a"', 'status.uncountedTerminatedPods.succeeded[2]: Invalid value: "": must not be empty']],
  ])('%.110j', (status, expected) => expect(statusProblems(strategy, status, old)).toEqual(expected));

  test('does not go back', () => {
    expect(statusProblems(strategy, {}, { ...old, status: done })).toEqual([
      'status.conditions: Invalid value: cannot disable the terminal Complete=True condition', 'status.succeeded: Invalid value: 0: cannot decrease the succeeded counter',
      'status.startTime: Required value: startTime cannot be removed for unsuspended job', 'status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition',
    ]);
  });
});

test('indexes are intervals in order', () => {
  expect(countIndexes('0,2-4,7', 8)).toBe(5);
  expect(indexProblem('2,1', 5)).toBe('non-increasing order, previous: 2, current: 1');
  expect(indexProblem('3-3', 5)).toBe('non-increasing order, previous: 3, current: 3');
  expect(indexProblem('1-2-3', 5)).toMatch(/^the fragment "1-2-3" violates the requirement/);
  expect(indexProblem('a', 5)).toBe('cannot convert string to integer for index: "a"');
  expect(firstCommonIndex('0,3-5', '1,5-7', 8)).toBe(5);
  expect(firstCommonIndex('0', '1', 8)).toBeUndefined();
});

test('the labels say the name that was generated', async () => {
  const { registry, context } = await createTestRegistry();
  const store = registry.of(jobs);
  const job = await store.create(context, 'default', { metadata: { generateName: 'once-' }, spec: { template } });
  expect(job.spec?.template.metadata?.labels?.['job-name']).toBe(job.metadata?.name);
  // A Job of a client that gives no labels has those of its pods.
  expect(job.metadata?.labels).toEqual(job.spec?.template.metadata?.labels);
  const labelled = await store.create(context, 'default', { metadata: { name: 'own', labels: { app: 'a' } }, spec: { template } });
  expect(labelled.metadata?.labels).toEqual({ app: 'a' });
  expect((await refusal(store.create(context, 'default', { metadata: { name: 'x' }, spec: {} } as never))).status.message).toBe(
    'Job.batch "x" is invalid: [spec.template.spec.containers: Required value, spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"]');
});
