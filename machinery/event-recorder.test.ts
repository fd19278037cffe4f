import { describe, expect, test } from 'vitest';
import { newForbidden, newNotFound } from '../api/errors.ts';
import type { Event } from '../api/core.ts';
import type { ApiClient, ResourceClient } from './client.ts';
import { EventRecorder } from './event-recorder.ts';
import { createLogger } from './logger.ts';
import { FakeClock } from './testing/fake-clock.ts';

const pods = { group: '', plural: 'events' };
const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'shop', name: 'web', uid: 'u1', resourceVersion: '7' } };
const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'pi-1', uid: 'n1' } };

function open() {
  const clock = new FakeClock();
  const stored = new Map<string, Event>();
  const lines: string[] = [];
  const failure: { next: Error | undefined } = { next: undefined };
  const client: Pick<ResourceClient<Event>, 'create' | 'modify'> = {
    async create(event) {
      if (failure.next) throw failure.next;
      stored.set(`${event.metadata.namespace}/${event.metadata.name}`, event);
      return event;
    },
    async modify(name, namespace, change) {
      const current = stored.get(`${namespace}/${name}`);
      if (!current) throw newNotFound(pods, name);
      const changed = change(structuredClone(current)) ?? current;
      stored.set(`${namespace}/${name}`, changed);
      return changed;
    },
  };
  const api = { resource: () => client } as unknown as ApiClient;
  const logger = createLogger({ level: 'debug', write: (line) => lines.push(line.slice(25)), now: () => clock.now() });
  let random = 0;
  const recorder = new EventRecorder({ client: api, component: 'replicaset-controller', clock, logger, random: () => (random += 0.001) % 1 });
  return { clock, stored, lines, failure, recorder };
}

describe('EventRecorder', () => {
  test('writes an event as Kubernetes does', async () => {
    const { recorder, stored, clock } = open();
    recorder.event(pod, 'Normal', 'SuccessfulCreate', 'Created pod: web');
    await recorder.flushed();
    const event = [...stored.values()][0]!;
    expect(event).toEqual({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: expect.stringMatching(/^web\.[0-9a-f]{16}$/), namespace: 'shop' },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web', uid: 'u1', resourceVersion: '7' },
      type: 'Normal',
      reason: 'SuccessfulCreate',
      message: 'Created pod: web',
      source: { component: 'replicaset-controller' },
      reportingComponent: 'replicaset-controller',
      reportingInstance: '',
      count: 1,
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
    });
    const nanoseconds = BigInt(`0x${event.metadata.name!.split('.')[1]!}`);
    expect(Number(nanoseconds / 1_000_000n)).toBe(clock.now());
  });

  test('counts repeats in the same object, also when they come at once', async () => {
    const { recorder, stored, clock } = open();
    recorder.event(pod, 'Warning', 'FailedCreate', 'no');
    recorder.event(pod, 'Warning', 'FailedCreate', 'no');
    await recorder.flushed();
    await clock.advance(60_000);
    recorder.event(pod, 'Warning', 'FailedCreate', 'no');
    await recorder.flushed();
    expect([...stored.values()]).toMatchObject([{ count: 3, firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:01:00Z' }]);
  });

  test('makes a new object when the counting one has expired', async () => {
    const { recorder, stored } = open();
    recorder.event(pod, 'Warning', 'FailedCreate', 'no');
    await recorder.flushed();
    stored.clear();
    recorder.event(pod, 'Warning', 'FailedCreate', 'no');
    recorder.event(pod, 'Warning', 'FailedCreate', 'no');
    await recorder.flushed();
    expect([...stored.values()].map((event) => event.count)).toEqual([3]);
  });

  test('puts events about cluster-scoped objects into default', async () => {
    const { recorder, stored } = open();
    recorder.event(node, 'Normal', 'NodeReady', 'Node pi-1 status is now: NodeReady');
    await recorder.flushed();
    expect([...stored.values()][0]).toMatchObject({ metadata: { namespace: 'default' }, involvedObject: { kind: 'Node', name: 'pi-1' } });
  });

  test('speaks for a board', async () => {
    const { recorder, stored } = open();
    const involvedObject = { kind: 'Pod', apiVersion: 'v1', namespace: 'shop', name: 'web', uid: 'u1', fieldPath: 'spec.containers{web}' };
    recorder.record(involvedObject, 'Normal', 'Started', 'Started container web', { component: 'kubelet', host: 'pi-1' });
    await recorder.flushed();
    expect([...stored.values()][0]).toMatchObject({
      involvedObject, source: { component: 'kubelet', host: 'pi-1' }, reportingComponent: 'kubelet', reportingInstance: 'pi-1',
    });
  });

  test('logs what the server refuses and goes on', async () => {
    const { recorder, stored, lines, failure } = open();
    failure.next = newForbidden(pods, 'web', 'namespace is being terminated');
    recorder.event(pod, 'Normal', 'A', 'a');
    await recorder.flushed();
    failure.next = undefined;
    recorder.event(pod, 'Normal', 'B', 'b');
    await recorder.flushed();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('warn  Event could not be written component=replicaset-controller kind=Pod namespace=shop name=web reason=A');
    expect([...stored.values()].map((event) => event.reason)).toEqual(['B']);
  });

  test('drops the newest of a flood, says so once, and holds the caller never', async () => {
    const { recorder, lines, stored } = open();
    for (let at = 0; at < 1500; at++) {
      recorder.event({ ...pod, metadata: { ...pod.metadata, name: `web-${at}`, uid: `u${at}` } }, 'Normal', 'A', 'a');
    }
    await recorder.flushed();
    expect(lines).toEqual(['warn  Too many events at once, some were dropped component=replicaset-controller dropped=499']);
    expect(stored.size).toBe(1001);
  });

  test('stop writes what waits and takes no more', async () => {
    const { recorder, stored } = open();
    recorder.event(pod, 'Normal', 'A', 'a');
    const stopping = recorder.stop();
    recorder.event(pod, 'Normal', 'B', 'b');
    await stopping;
    expect([...stored.values()].map((event) => event.reason)).toEqual(['A']);
  });
});
