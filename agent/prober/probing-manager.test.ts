import { describe, expect, it } from 'vitest';
import type { Container, Pod } from '../../api/core.ts';
import type { EventReport } from '../../api/messaging/messages.ts';
import { silentLogger } from '../../machinery/logger.ts';
import { FakeClock } from '../../machinery/testing/fake-clock.ts';
import { failure, ProbeError, success, type ProbeResult } from './probe-result.ts';
import type { ProbeTarget } from './prober-manager.ts';
import { ProbingManager } from './probing-manager.ts';

const handler = (name: string) => ({ exec: { command: [name] }, periodSeconds: 10, failureThreshold: 3, successThreshold: 1 });

function setUp(container: Partial<Container>, options: { startedBefore?: number; status?: Pod['status'] } = {}) {
  const clock = new FakeClock();
  const answers = new Map<string, ProbeResult | ProbeError>();
  const probed: [string, number][] = [];
  const events: EventReport[] = [];
  const changes: string[] = [];
  const condemned: unknown[][] = [];
  const began = clock.now();
  const manager = new ProbingManager({
    clock, log: silentLogger, random: () => 0.5,
    sink: { event: (event) => events.push(event) },
    prober: {
      probe: async (spec) => {
        const name = spec.exec!.command![0]!;
        probed.push([name, (clock.now() - began) / 1_000]);
        const answer = answers.get(name) ?? success('');
        if (answer instanceof ProbeError) throw answer;
        return answer;
      },
    },
  });
  manager.onChange((uid) => changes.push(uid));
  manager.onUnhealthy((...all) => condemned.push(all));
  const full: Container = { name: 'main', ...container };
  const pod: Pod = { metadata: { namespace: 'shop', name: 'web-0', uid: 'u-1' }, spec: { containers: [full] }, ...(options.status ? { status: options.status } : {}) };
  const target: ProbeTarget = { pod, container: full, containerId: 'c-1', address: '198.18.1.2', startedAt: began - (options.startedBefore ?? 0) };
  return { clock, manager, answers, probed, events, changes, condemned, target, times: (name: string) => probed.filter(([one]) => one === name).map(([, at]) => at) };
}

describe('ProbingManager', () => {
  it('takes a container without probes for started and ready at once', () => {
    const { manager, target } = setUp({});
    expect(manager.state('c-1')).toEqual({ started: false, ready: false });
    manager.track(target);
    expect(manager.state('c-1')).toEqual({ started: true, ready: true });
  });

  it('probes readiness right after the start and then every period', async () => {
    const { clock, manager, target, changes, times } = setUp({ readinessProbe: handler('ready') });
    manager.track(target);
    manager.track(target);
    expect(manager.state('c-1')).toEqual({ started: true, ready: false });
    await clock.advance(0);
    expect(manager.state('c-1').ready).toBe(true);
    await clock.advance(25_000);
    expect(times('ready')).toEqual([0, 10, 20]);
    expect(changes).toEqual(['u-1']);
  });

  it('waits for the initial delay, counted from the start of the container', async () => {
    const { clock, manager, target, times } = setUp({ readinessProbe: { ...handler('ready'), initialDelaySeconds: 7 } });
    manager.track(target);
    await clock.advance(20_000);
    expect(times('ready')).toEqual([7, 17]);
  });

  it('turns unready after the threshold only, and says why each time', async () => {
    const { clock, manager, target, answers, events, changes } = setUp({ readinessProbe: { ...handler('ready'), successThreshold: 2 } });
    manager.track(target);
    await clock.advance(0);
    expect(manager.state('c-1').ready).toBe(false);
    await clock.advance(10_000);
    expect(manager.state('c-1').ready).toBe(true);
    answers.set('ready', failure('HTTP probe failed with statuscode: 503'));
    await clock.advance(20_000);
    expect(manager.state('c-1').ready).toBe(true);
    await clock.advance(10_000);
    expect(manager.state('c-1').ready).toBe(false);
    expect(changes).toHaveLength(2);
    expect(events).toHaveLength(3);
    expect(events[0]).toEqual({
      involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web-0', uid: 'u-1', fieldPath: 'spec.containers{main}' },
      type: 'Warning', reason: 'Unhealthy', message: 'Readiness probe failed: HTTP probe failed with statuscode: 503',
    });
  });

  it('condemns a container that failed liveness, once, and leaves it alone then', async () => {
    const { clock, manager, target, answers, condemned, times } = setUp({ livenessProbe: handler('live'), readinessProbe: handler('ready') });
    answers.set('live', failure('no'));
    manager.track(target);
    await clock.advance(60_000);
    expect(condemned).toEqual([['u-1', 'c-1', 'liveness', 'Container main failed liveness probe']]);
    expect(times('live')).toEqual([0, 10, 20]);
    expect(times('ready').at(-1)).toBeLessThanOrEqual(20);
  });

  it('holds readiness and liveness back until startup succeeded', async () => {
    const { clock, manager, target, answers, probed, changes } = setUp({ startupProbe: { ...handler('start'), periodSeconds: 1, failureThreshold: 30 }, readinessProbe: handler('ready'), livenessProbe: handler('live') });
    answers.set('start', failure('not yet'));
    manager.track(target);
    await clock.advance(2_500);
    expect(probed).toEqual([['start', 0], ['start', 1], ['start', 2]]);
    expect(manager.state('c-1')).toEqual({ started: false, ready: false });
    answers.delete('start');
    await clock.advance(1_000);
    expect(probed.slice(3)).toEqual([['start', 3], ['ready', 3], ['live', 3]]);
    expect(manager.state('c-1')).toEqual({ started: true, ready: true });
    expect(changes).toEqual(['u-1', 'u-1']);
    await clock.advance(5_000);
    expect(probed.filter(([name]) => name === 'start')).toHaveLength(4);
  });

  it('condemns a container that never started', async () => {
    const { clock, manager, target, answers, condemned } = setUp({ startupProbe: { ...handler('start'), periodSeconds: 1, failureThreshold: 2 } });
    answers.set('start', failure('no'));
    manager.track(target);
    await clock.advance(5_000);
    expect(condemned).toEqual([['u-1', 'c-1', 'startup', 'Container main failed startup probe']]);
  });

  it('throws a result away that could not be had', async () => {
    const { clock, manager, target, answers, events, condemned } = setUp({ livenessProbe: handler('live') });
    answers.set('live', new ProbeError('port web not found'));
    manager.track(target);
    await clock.advance(60_000);
    expect(condemned).toEqual([]);
    expect(events[0]!.message).toBe('Liveness probe errored and resulted in unknown state: port web not found');
  });

  it('stops with the container and leaves no timer behind', async () => {
    const { clock, manager, target, probed } = setUp({ readinessProbe: handler('ready'), livenessProbe: handler('live') });
    manager.track(target);
    await clock.advance(0);
    manager.untrack('c-1');
    await clock.advance(60_000);
    expect(probed).toHaveLength(2);
    expect(manager.state('c-1')).toEqual({ started: false, ready: false });
  });

  it('keeps the readiness of a container that ran before the agent did', async () => {
    const status: Pod['status'] = { containerStatuses: [{ name: 'main', containerID: 'docker://c-1', ready: true, started: true, image: '', imageID: '', restartCount: 0 }] };
    const { clock, manager, target, answers, times } = setUp({ startupProbe: handler('start'), readinessProbe: handler('ready'), livenessProbe: handler('live') }, { startedBefore: 60_000, status });
    answers.set('ready', failure('no'));
    manager.track(target);
    expect(manager.state('c-1')).toEqual({ started: true, ready: true });
    await clock.advance(25_000);
    expect(manager.state('c-1').ready).toBe(false);
    expect(times('ready')).toEqual([0, 10, 20]);
    expect(times('live')).toEqual([5, 15, 25]);
    expect(times('start')).toEqual([]);
  });

  it('knows that an adopted container was not ready', () => {
    const status: Pod['status'] = { containerStatuses: [{ name: 'main', containerID: 'docker://c-1', ready: false, image: '', imageID: '', restartCount: 0 }] };
    const { manager, target } = setUp({ readinessProbe: handler('ready') }, { startedBefore: 60_000, status });
    manager.track(target);
    expect(manager.state('c-1').ready).toBe(false);
  });

  it.each([true, false])('lets the first result decide on an adopted container of which nothing is known: healthy %s', async (healthy) => {
    const { clock, manager, target, answers, changes } = setUp({ startupProbe: handler('start'), readinessProbe: handler('ready') }, { startedBefore: 60_000 });
    if (!healthy) answers.set('ready', failure('no'));
    manager.track(target);
    expect(manager.state('c-1')).toEqual({ started: true, ready: true });
    await clock.advance(0);
    expect(manager.state('c-1')).toEqual({ started: true, ready: healthy });
    expect(changes).toHaveLength(healthy ? 1 : 2);
    await clock.advance(10_000);
    expect(manager.state('c-1')).toEqual({ started: true, ready: healthy });
  });

  it('goes back to starting when an adopted container proves not to be started', async () => {
    const { clock, manager, target, answers, probed } = setUp({ startupProbe: handler('start'), livenessProbe: handler('live') }, { startedBefore: 60_000 });
    answers.set('start', failure('no'));
    manager.track(target);
    await clock.advance(0);
    expect(manager.state('c-1')).toEqual({ started: false, ready: false });
    expect(probed).toEqual([['start', 0]]);
  });
});
