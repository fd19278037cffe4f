import { describe, expect, it } from 'vitest';
import type { EventReport, PodReport } from '../../api/messaging/messages.ts';
import { StatusQueue } from './status-queue.ts';

const pod = (uid: string, phase: string): PodReport => ({ namespace: 'shop', name: uid, uid, status: { phase } });
const gone = (uid: string): PodReport => ({ namespace: 'shop', name: uid, uid, terminated: true });
const event = (message: string): EventReport => ({ involvedObject: {}, type: 'Normal', reason: 'Test', message });

function sent(queue: StatusQueue) {
  const taken = queue.take();
  return taken?.report.pods.map((report) => [report.uid, report.status?.phase, report.terminated ?? false]);
}

describe('StatusQueue', () => {
  it('keeps the latest status of each pod until it is acknowledged', () => {
    const queue = new StatusQueue();
    queue.report(pod('a', 'Pending'));
    queue.report(pod('a', 'Running'));
    queue.report(pod('b', 'Pending'));
    const taken = queue.take()!;
    expect(taken.report.pods.map((report) => report.status?.phase)).toEqual(['Running', 'Pending']);
    queue.giveBack(taken);
    expect(sent(queue)).toHaveLength(2);
    queue.acknowledge(taken);
    expect(queue.isEmpty).toBe(true);
    expect(queue.take()).toBeUndefined();
  });

  it('sends again what changed while a report was under way', () => {
    const queue = new StatusQueue();
    queue.report(pod('a', 'Pending'));
    const taken = queue.take()!;
    queue.report(pod('a', 'Running'));
    queue.acknowledge(taken);
    expect(sent(queue)).toEqual([['a', 'Running', false]]);
  });

  it('never forgets a termination, nor the last status before it', () => {
    const queue = new StatusQueue();
    queue.report(pod('a', 'Failed'));
    queue.report(gone('a'));
    queue.report(pod('a', 'Running'));
    expect(sent(queue)).toEqual([['a', 'Failed', true]]);
  });

  it('sends everything that is still wanted again after a reconnect', () => {
    const queue = new StatusQueue();
    for (const uid of ['a', 'b', 'c']) queue.report(pod(uid, 'Running'));
    queue.report(gone('c'));
    queue.acknowledge(queue.take()!);
    queue.report(pod('a', 'Failed'));
    queue.resend((uid) => uid !== 'b');
    expect(sent(queue)).toEqual([['a', 'Failed', false]]);
    queue.acknowledge(queue.take()!);
    queue.resend(() => true);
    expect(sent(queue)).toEqual([['a', 'Failed', false]]);
  });

  it('forgets pods that the server does not know', () => {
    const queue = new StatusQueue();
    queue.report(pod('a', 'Running'));
    queue.acknowledge(queue.take()!, ['a']);
    queue.resend(() => true);
    expect(queue.isEmpty).toBe(true);
  });

  it('cuts what is too big for one message', () => {
    const queue = new StatusQueue();
    for (let index = 0; index < 20; index++) queue.report({ ...pod(`p${index}`, 'Running'), status: { phase: 'Running', message: 'x'.repeat(100_000) } });
    const seen = new Set<string>();
    for (let taken = queue.take(); taken; taken = queue.take()) {
      expect(JSON.stringify(taken.report).length).toBeLessThan(700_000);
      for (const report of taken.report.pods) seen.add(report.uid);
      queue.acknowledge(taken);
    }
    expect(seen.size).toBe(20);
  });

  it('keeps a bounded number of events, the newest, in order', () => {
    const queue = new StatusQueue();
    for (let index = 0; index < 600; index++) queue.addEvent(event(String(index)));
    const first = queue.take()!;
    expect(first.report.events?.map((one) => one.message).slice(0, 2)).toEqual(['100', '101']);
    expect(first.report.events).toHaveLength(100);
    queue.giveBack(first);
    const all: string[] = [];
    for (let taken = queue.take(); taken; taken = queue.take()) all.push(...taken.report.events!.map((one) => one.message));
    expect(all).toEqual(Array.from({ length: 500 }, (_one, index) => String(index + 100)));
  });

  it('sends the node status that is newest', () => {
    const queue = new StatusQueue();
    queue.setNode({ phase: 'one' });
    const taken = queue.take()!;
    queue.setNode({ phase: 'two' });
    queue.acknowledge(taken);
    expect(queue.take()!.report.node).toEqual({ phase: 'two' });
  });
});
