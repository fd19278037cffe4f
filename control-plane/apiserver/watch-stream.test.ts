import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it } from 'vitest';
import type { WatchEvent } from '../../api/meta.ts';
import { silentLogger } from '../../machinery/logger.ts';
import { FakeClock } from '../../machinery/testing/fake-clock.ts';
import { maxStallMs, maxWaitingEvents, paceOf, WatchStream } from './watch-stream.ts';

/** As much of a response as a stream uses, with a socket that takes `room` writes before it is full. */
class FakeResponse extends EventEmitter {
  lines: string[] = [];
  room = Infinity;
  state: 'open' | 'ended' | 'destroyed' = 'open';

  write(data: Buffer): boolean {
    this.lines.push(data.toString());
    this.room -= 1;
    return this.room > 0;
  }

  end(): void {
    this.state = 'ended';
    this.emit('finish');
  }

  destroy(): void {
    this.state = 'destroyed';
  }

  cork(): void {}
  uncork(): void {}
  flushHeaders(): void {}

  drain(room: number): void {
    this.room = room;
    this.emit('drain');
  }
}

let clock: FakeClock;
let response: FakeResponse;
let stream: WatchStream;
let ends: number;
const event = (name: string): WatchEvent => ({ type: 'ADDED', object: { metadata: { name } } });
const encode = (sent: WatchEvent): Buffer => Buffer.from(sent.type === 'ERROR' ? 'error' : sent.object.metadata?.name ?? '');

beforeEach(() => {
  clock = new FakeClock();
  response = new FakeResponse();
  stream = new WatchStream({ response, encode, clock, logger: silentLogger });
  ends = 0;
  stream.onEnd(() => { ends += 1; });
});

describe('WatchStream among very many', () => {
  it('pauses between two writes and sends what came meanwhile in one piece', async () => {
    stream = new WatchStream({ response, encode, clock, logger: silentLogger, openWatches: () => 1_000 });
    stream.start(60_000);
    stream.event(event('a'));
    await clock.advance(0);
    expect(response.lines).toEqual(['a']);
    stream.event(event('b'));
    await clock.advance(paceOf(1_000) - 1);
    stream.event(event('c'));
    expect(response.lines).toEqual(['a']);
    await clock.advance(1);
    expect(response.lines).toEqual(['a', 'b', 'c']);
    await clock.advance(paceOf(1_000));
    stream.event(event('d'));
    await clock.advance(0);
    expect(response.lines).toEqual(['a', 'b', 'c', 'd']);
  });

  it('sends what is waiting when it ends', async () => {
    stream = new WatchStream({ response, encode, clock, logger: silentLogger, openWatches: () => 1_000 });
    stream.start(60_000);
    stream.event(event('a'));
    await clock.advance(0);
    stream.event(event('b'));
    stream.end();
    expect(response.lines).toEqual(['a', 'b']);
    await clock.advance(1_000);
    expect(response.lines).toEqual(['a', 'b']);
  });

  it('does not pause among few', () => {
    expect(paceOf(100)).toBe(0);
    expect(paceOf(1_000)).toBe(50);
    expect(paceOf(4_000)).toBe(100);
  });
});

describe('WatchStream', () => {
  it('sends what came before the start, then what comes, in order', async () => {
    stream.event(event('a'));
    stream.event(event('b'));
    expect(response.lines).toEqual([]);
    stream.start(60_000);
    stream.event(event('c'));
    stream.event(event('d'));
    await clock.advance(0);
    expect(response.lines).toEqual(['a', 'b', 'c', 'd']);
  });

  it('waits for a slow client and loses nothing', async () => {
    response.room = 2;
    for (const name of 'abcde') stream.event(event(name));
    stream.start(60_000);
    expect(response.lines).toEqual(['a', 'b']);
    stream.event(event('f'));
    await clock.advance(maxStallMs - 1);
    response.drain(3);
    expect(response.lines.join('')).toBe('abcde');
    await clock.advance(maxStallMs - 1);
    response.drain(10);
    expect(response.lines.join('')).toBe('abcdef');
    expect(response.state).toBe('open');
  });

  it('cuts off a client that takes nothing', async () => {
    response.room = 1;
    stream.start(60_000);
    stream.event(event('a'));
    await clock.advance(maxStallMs);
    expect(response.state).toBe('destroyed');
    expect(ends).toBe(1);
  });

  it('cuts off a client for which too much waits, however big its initial state was', () => {
    for (let index = 0; index < 2 * maxWaitingEvents; index++) stream.event(event('a'));
    response.room = 1;
    stream.start(60_000);
    expect(response.state).toBe('open');
    for (let index = 0; index < maxWaitingEvents + 2; index++) stream.event(event('b'));
    expect(response.state).toBe('destroyed');
    expect(ends).toBe(1);
  });

  it('ends after its time, with what still waits', async () => {
    stream.start(5000);
    await clock.advance(4999);
    stream.event(event('a'));
    await clock.advance(1);
    expect(response.lines).toEqual(['a']);
    expect(response.state).toBe('ended');
    expect(ends).toBe(1);
  });

  it('sends the error of a watch that never began', () => {
    stream.event({ type: 'ERROR', object: { code: 410 } });
    stream.closed();
    stream.start(5000);
    expect(response.lines).toEqual(['error']);
    expect(response.state).toBe('ended');
  });

  it('stops when the client goes, and leaves no timer', async () => {
    stream.start(5000);
    response.emit('close');
    stream.event(event('a'));
    await clock.advance(10_000);
    expect(response.lines).toEqual([]);
    expect(ends).toBe(1);
    let late = 0;
    stream.onEnd(() => { late += 1; });
    expect(late).toBe(1);
  });
});
