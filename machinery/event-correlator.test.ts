import { describe, expect, test } from 'vitest';
import { EventCorrelator, type EventOccurrence } from './event-correlator.ts';

const minute = 60_000;
const base: EventOccurrence = {
  involvedObject: { kind: 'Pod', apiVersion: 'v1', namespace: 'default', name: 'web', uid: 'u1' },
  type: 'Warning',
  reason: 'BackOff',
  message: 'Back-off restarting failed container',
  source: { component: 'kubelet', host: 'pi-1' },
};

describe('EventCorrelator', () => {
  test('counts the same event, from its first time on', () => {
    const correlator = new EventCorrelator();
    const first = correlator.correlate(base, 1000);
    expect(first).toMatchObject({ count: 1, first: 1000, name: undefined, occurrence: base });
    correlator.remember(first!.key, 'web.1');
    expect(correlator.correlate(base, 5000)).toMatchObject({ count: 2, first: 1000, name: 'web.1' });
  });

  test.each<[string, Partial<EventOccurrence>]>([
    ['object', { involvedObject: { ...base.involvedObject, uid: 'u2' } }],
    ['field of the object', { involvedObject: { ...base.involvedObject, fieldPath: 'spec.containers{web}' } }],
    ['reason', { reason: 'Failed' }],
    ['message', { message: 'other' }],
    ['type', { type: 'Normal' }],
    ['source', { source: { component: 'kubelet', host: 'pi-2' } }],
  ])('tells events apart by %s', (_, change) => {
    const correlator = new EventCorrelator();
    correlator.correlate(base, 0);
    expect(correlator.correlate({ ...base, ...change }, 0)?.count).toBe(1);
  });

  test('combines events that differ only in their message from the tenth on', () => {
    const correlator = new EventCorrelator();
    const messages = Array.from({ length: 12 }, (_, at) => correlator.correlate({ ...base, message: `try ${at + 1}` }, 0)!);
    expect(messages[8]).toMatchObject({ count: 1, occurrence: { message: 'try 9' } });
    expect(messages[9]).toMatchObject({ count: 1, occurrence: { message: '(combined from similar events): try 10' } });
    expect(messages[11]).toMatchObject({ count: 3, occurrence: { message: '(combined from similar events): try 12' } });
    expect(correlator.correlate({ ...base, message: 'later' }, 11 * minute)).toMatchObject({ occurrence: { message: 'later' } });
  });

  test('holds a source back after 25 events about one object, then lets one through in five minutes', () => {
    const correlator = new EventCorrelator();
    const passed = (now: number, count: number) => Array.from({ length: count }, () => correlator.correlate(base, now)).filter(Boolean).length;
    expect(passed(0, 40)).toBe(25);
    expect(passed(5 * minute, 5)).toBe(1);
    expect(passed(15 * minute, 5)).toBe(2);
    expect(correlator.correlate(base, 20 * minute)?.count).toBe(51);
    expect(correlator.correlate({ ...base, involvedObject: { ...base.involvedObject, name: 'other' } }, 0)?.count).toBe(1);
  });
});
