import { describe, expect, test } from 'vitest';
import { newForbidden, newModifiedConflict, StatusError } from '../api/errors.ts';
import { Controller } from './controller.ts';
import { createLogger } from './logger.ts';
import { FakeClock } from './testing/fake-clock.ts';

function open(reconcile: (key: string, signal: AbortSignal) => Promise<void>, workers = 2) {
  const clock = new FakeClock();
  const lines: string[] = [];
  const logger = createLogger({ level: 'debug', write: (line) => lines.push(line.slice(25)), now: () => clock.now() });
  const controller = new Controller({ name: 'test', workers, reconcile, clock, logger, random: () => 0 });
  return { clock, controller, lines };
}

describe('Controller', () => {
  test('reconciles keys enqueued before and after the start', async () => {
    const seen: string[] = [];
    const { clock, controller } = open(async (key) => { seen.push(key); });
    controller.enqueue('a');
    controller.start();
    controller.enqueue('b');
    controller.enqueueAfter('c', 100);
    await clock.advance(0);
    expect(seen).toEqual(['a', 'b']);
    await clock.advance(100);
    expect(seen).toEqual(['a', 'b', 'c']);
    await controller.stop();
  });

  test('works on as many keys at once as there are workers, on one key never twice', async () => {
    const running: string[] = [];
    let most = 0;
    const { clock, controller } = open(async (key) => {
      expect(running).not.toContain(key);
      running.push(key);
      most = Math.max(most, running.length);
      await clock.sleep(10);
      running.splice(running.indexOf(key), 1);
    }, 3);
    controller.start();
    for (const key of ['a', 'b', 'c', 'd', 'a']) controller.enqueue(key);
    await clock.advance(5);
    controller.enqueue('a');
    await clock.advance(100);
    expect(most).toBe(3);
    expect(running).toEqual([]);
    await controller.stop();
  });

  test('tries a failed key again, later each time, with one line per failure', async () => {
    const times: number[] = [];
    const { clock, controller, lines } = open(async () => {
      times.push(clock.monotonic());
      if (times.length < 4) throw new Error('no luck');
    });
    const begin = clock.monotonic();
    controller.start();
    controller.enqueue('a');
    await clock.advance(1000);
    expect(times.map((time) => time - begin)).toEqual([0, 5, 15, 35]);
    expect(lines).toEqual([1, 2, 3].map((failures) => `error Reconcile failed controller=test key=a error="no luck" failures=${failures}`));
    await controller.stop();
  });

  test('what a namespace that ends refuses is not tried again, and only a debug line', async () => {
    let calls = 0;
    const { clock, controller, lines } = open(async () => {
      calls += 1;
      const { status } = newForbidden({ group: '', plural: 'pods' }, 'a', 'it is being terminated');
      throw new StatusError({ ...status, details: { ...status.details, causes: [{ reason: 'NamespaceTerminating', message: 'it is being terminated', field: 'metadata.namespace' }] } });
    });
    controller.start();
    controller.enqueue('a');
    await clock.advance(60_000);
    expect(calls).toBe(1);
    expect(lines).toEqual([expect.stringMatching(/^debug /)]);
    await controller.stop();
  });

  test('a conflict is tried again and only a debug line', async () => {
    let calls = 0;
    const { clock, controller, lines } = open(async () => {
      calls += 1;
      if (calls === 1) throw newModifiedConflict({ group: '', plural: 'pods' }, 'a');
    });
    controller.start();
    controller.enqueue('a');
    await clock.advance(10);
    expect(calls).toBe(2);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^debug /);
    await controller.stop();
  });

  test('stop waits for what runs, drops what waits, and is no failure', async () => {
    let finish: () => void = () => {};
    const seen: string[] = [];
    const { clock, controller, lines } = open(async (key, signal) => {
      seen.push(key);
      await new Promise<void>((resolve) => { finish = resolve; });
      signal.throwIfAborted();
    }, 1);
    controller.start();
    controller.enqueue('a');
    controller.enqueue('b');
    await clock.advance(0);
    let stopped = false;
    const stopping = controller.stop().then(() => { stopped = true; });
    await clock.advance(10);
    expect(stopped).toBe(false);
    finish();
    await stopping;
    await clock.advance(10_000);
    expect(seen).toEqual(['a']);
    expect(lines.filter((line) => line.startsWith('error'))).toEqual([]);
  });

  test('stops with the signal it was started with', async () => {
    const abort = new AbortController();
    const seen: string[] = [];
    const { clock, controller } = open(async (key) => { seen.push(key); });
    controller.start(abort.signal);
    abort.abort();
    controller.enqueue('a');
    await clock.advance(10);
    expect(seen).toEqual([]);
    await controller.stop();
  });
});
