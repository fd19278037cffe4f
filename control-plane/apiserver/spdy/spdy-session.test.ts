import { duplexPair } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../machinery/testing/fake-clock.ts';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { SpdySession } from './spdy-session.ts';
import type { SpdyStream } from './spdy-stream.ts';
import { SpdyClient } from './testing/spdy-client.ts';

const sessions: SpdySession[] = [];
afterEach(() => { for (const session of sessions.splice(0)) session.destroy(); });

function start(onStream: (stream: SpdyStream) => void = () => {}) {
  const [near, far] = duplexPair();
  const clock = new FakeClock();
  const streams: SpdyStream[] = [];
  const session = new SpdySession({ transport: near, clock, onStream: (stream) => { onStream(stream); streams.push(stream); } });
  sessions.push(session);
  return { session, client: new SpdyClient(far), streams, clock, far };
}

async function collect(stream: SpdyStream): Promise<string> {
  let text = '';
  for await (const data of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) text += data.toString();
  return text;
}

describe('a SPDY connection', () => {
  it('carries streams both ways, with an end each', async () => {
    const { client, streams } = start();
    const id = await client.begin({ streamType: 'stdin' });
    await client.replied(id);
    expect(streams[0]!.headers.get('streamtype')).toBe('stdin');
    client.data(id, 'hello ');
    client.data(id, 'world', true);
    expect(await collect(streams[0]!)).toBe('hello world');
    streams[0]!.write('answer');
    streams[0]!.end();
    await eventually(() => client.ended(id));
    expect(client.text(id)).toBe('answer');
    expect(client.wasReset(id)).toBe(false);
  });

  it('sends nothing on a stream before its reply', async () => {
    const { client } = start((stream) => { stream.end('early'); });
    const id = await client.begin({});
    await eventually(() => client.ended(id));
    expect(client.frames.map(({ type }) => type)[0]).toBe('synReply');
    expect(client.text(id)).toBe('early');
  });

  it('resets what is refused, and what is destroyed', async () => {
    const { client, streams } = start((stream) => { if (stream.headers.has('bad')) throw new Error('bad'); });
    const bad = await client.begin({ bad: '1' });
    const good = await client.begin({});
    await client.replied(good);
    expect(client.wasReset(bad)).toBe(true);
    streams[0]!.destroy();
    await eventually(() => client.wasReset(good));
  });

  it('destroys a stream that the client resets', async () => {
    const { client, streams } = start();
    const id = await client.begin({});
    await client.replied(id);
    client.send({ type: 'rstStream', streamId: id, status: 5 });
    await eventually(() => streams[0]!.destroyed);
    expect(client.wasReset(id)).toBe(false);
  });

  it('answers pings, and takes settings and windows as they are', async () => {
    const { client } = start();
    client.send({ type: 'settings', clear: false, settings: [{ id: 4, flags: 0, value: 100 }] });
    client.send({ type: 'windowUpdate', streamId: 1, delta: 10 });
    client.send({ type: 'ping', id: 2 });
    client.send({ type: 'ping', id: 7 });
    await eventually(() => client.frames.length > 0);
    expect(client.frames).toEqual([{ type: 'ping', id: 7 }]);
  });

  it('stops reading while nobody reads a stream, and goes on after', async () => {
    const { client, streams, far } = start();
    const id = await client.begin({});
    await client.replied(id);
    const piece = 'x'.repeat(64 * 1024);
    for (let index = 0; index < 40; index++) client.data(id, piece, index === 39);
    await eventually(() => far.writableLength > 0 && streams[0]!.readableLength > 0);
    expect(streams[0]!.readableLength).toBeLessThan(512 * 1024);
    expect((await collect(streams[0]!)).length).toBe(40 * 64 * 1024);
  });

  it('is ended with a goodbye, and cut off when the client stays', async () => {
    const { client, session, clock } = start();
    await client.replied(await client.begin({}));
    await session.end();
    await eventually(() => client.frames.some(({ type }) => type === 'goAway'));
    expect(client.closed).toBe(false);
    void clock.advance(10 * 60 * 1000);
    await eventually(() => client.closed);
    expect(await session.closed).toBeUndefined();
  });

  it('ends its streams when the client goes', async () => {
    const { client, session, streams } = start();
    await client.replied(await client.begin({}));
    client.close();
    expect(await session.closed).toBeUndefined();
    expect(streams[0]!.destroyed).toBe(true);
  });

  it('is closed when nothing happens for hours', async () => {
    const { session, clock } = start();
    void clock.advance(4 * 60 * 60 * 1000);
    expect(await session.closed).toBeUndefined();
  });

  it.each([
    ['an even stream', async (client: SpdyClient) => { client.send({ type: 'synStream', streamId: 2, associatedId: 0, priority: 0, fin: false, unidirectional: false, headers: Buffer.alloc(0) }); await Promise.resolve(); }],
    ['headers that are no zlib', async (client: SpdyClient) => { client.send({ type: 'headers', streamId: 1, fin: false, headers: Buffer.from('nonsense') }); await Promise.resolve(); }],
    ['a reply to nothing', async (client: SpdyClient) => { client.send({ type: 'synReply', streamId: 1, fin: false, headers: Buffer.alloc(0) }); await Promise.resolve(); }],
  ])('says goodbye to a client that sends %s', async (_what, misbehave) => {
    const { client, session } = start();
    await misbehave(client);
    expect(await session.closed).toMatchObject({ name: 'SpdyError' });
    expect(client.frames.at(-1)).toMatchObject({ type: 'goAway', status: 1 });
  });

  it('refuses more streams than there may be', async () => {
    const { client } = start();
    const ids: number[] = [];
    for (let index = 0; index < 513; index++) ids.push(await client.begin({}));
    await eventually(() => client.wasReset(ids.at(-1)!));
    expect(client.frames.filter(({ type }) => type === 'rstStream')).toEqual([{ type: 'rstStream', streamId: ids.at(-1), status: 3 }]);
  });
});
