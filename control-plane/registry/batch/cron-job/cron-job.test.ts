import { describe, expect, test } from 'vitest';
import { creationProblems, updateProblems, withDefaults } from '../../testing/strategy-problems.ts';
import { parseSchedule } from './parse-schedule.ts';
import { cronJobStrategy as strategy } from './strategy.ts';

const jobTemplate = { spec: { template: { spec: { restartPolicy: 'OnFailure', containers: [{ name: 'a', image: 'a' }] } } } };
const of = (spec: object, name = 'tidy') => ({ metadata: { name }, spec: { schedule: '@hourly', jobTemplate, ...spec } });

test('defaults: those of its Jobs come when they are made', () => {
  const { jobTemplate: template, ...spec } = withDefaults(strategy, of({})).spec!;
  expect(spec).toEqual({ schedule: '@hourly', concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 });
  expect(Object.keys(template.spec!)).toEqual(['template']);
  expect(template.spec?.template.spec?.dnsPolicy).toBe('ClusterFirst');
});

describe('a CronJob', () => {
  test.each<[object, string[]]>([
    [of({}), []],
    [of({ timeZone: 'Europe/Berlin' }), []],
    [of({ schedule: '' }), ['spec.schedule: Required value']],
    [of({ schedule: 'TZ=UTC 0 * * * *' }), ['spec.schedule: Invalid value: "TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead']],
    [of({ timeZone: '' }), ['spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string']],
    [of({ timeZone: 'Mars/Olympus' }), ['spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus']],
    [of({ timeZone: 'local' }), ['spec.timeZone: Invalid value: "local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones', 'spec.timeZone: Invalid value: "local": unknown time zone local']],
    [of({ timeZone: '../etc' }), ['spec.timeZone: Invalid value: "../etc": unknown time zone ../etc']],
    [of({ concurrencyPolicy: 'Maybe' }), ['spec.concurrencyPolicy: Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"']],
    [of({ startingDeadlineSeconds: -1, failedJobsHistoryLimit: -1 }), ['spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0', 'spec.failedJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0']],
    [of({ jobTemplate: { spec: { ...jobTemplate.spec, selector: { matchLabels: {} }, manualSelector: true } } }), ['spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{}}: `selector` will be auto-generated', 'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"']],
    [of({}, 'x'.repeat(53)), [`metadata.name: Invalid value: "${'x'.repeat(53)}": must be no more than 52 characters`]],
    [of({ jobTemplate: {} }), ['spec.jobTemplate.spec.template.spec.containers: Required value', 'spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"']],
  ])('%.110j', (cronJob, expected) => expect(creationProblems(strategy, cronJob)).toEqual(expected));

  test('keeps a zone in its schedule that it had before there was a field for it', () => {
    const old = of({ schedule: 'CRON_TZ=UTC 0 * * * *' });
    expect(updateProblems(strategy, of({ schedule: 'CRON_TZ=UTC 1 * * * *' }), old)).toEqual([]);
    expect(updateProblems(strategy, of({ schedule: 'CRON_TZ=UTC 1 * * * *', timeZone: 'UTC' }), old)).toEqual(['spec.schedule: Invalid value: "CRON_TZ=UTC 1 * * * *": cannot use both timeZone field and TZ or CRON_TZ in schedule']);
  });
});

describe('a schedule', () => {
  const every = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

  test('names minutes, hours, days and months', () => {
    const schedule = parseSchedule('*/20 8-10,20 ? JAN,mar-may sun,6');
    expect('minute' in schedule && Object.fromEntries(Object.entries(schedule).map(([name, field]) => [name, typeof field === 'object' ? [...field.values] : field]))).toEqual({
      minute: [0, 20, 40], hour: [8, 9, 10, 20], dayOfMonth: every(1, 31), month: [1, 3, 4, 5], dayOfWeek: [0, 6],
    });
    expect('minute' in schedule && [schedule.minute.star, schedule.dayOfMonth.star, schedule.dayOfWeek.star]).toEqual([false, true, false]);
    const stepped = parseSchedule('5/20 * * * *');
    expect('minute' in stepped && [...stepped.minute.values]).toEqual([5, 25, 45]);
  });

  test.each([['@every 1h30m', 5_400_000], ['@every 90s', 90_000], ['@every 10ms', 1000], ['@every 1.5s', 1000]])('%s', (text, everyMilliseconds) => expect(parseSchedule(text)).toEqual({ everyMilliseconds }));

  test.each([
    ['', 'empty spec string'],
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['* 9-5 * * *', 'beginning of range (9) beyond end of range (5): 9-5'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['1/2/3 * * * *', 'too many slashes: 1/2/3'],
    ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
    ['* * * * 7', 'end of range (7) above maximum (6): 7'],
    ['@never', 'unrecognized descriptor: @never'],
    ['@every', 'unrecognized descriptor: @every'],
    ['@every 5', 'failed to parse duration @every 5: time: missing unit in duration "5"'],
    ['@every 5x', 'failed to parse duration @every 5x: time: unknown unit "x" in duration "5x"'],
    ['@every soon', 'failed to parse duration @every soon: time: invalid duration "soon"'],
    ['TZ=Mars/X * * * * *', 'provided bad location Mars/X: unknown time zone Mars/X'],
  ])('%j is none: %s', (text, message) => expect(() => parseSchedule(text)).toThrow(new RegExp(`^${message.replace(/[()[\]*/.?]/g, '\\$&')}$`)));
});
