import { describe, expect, it } from 'vitest';
import { channels } from '../stream.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import type { ConnectionStatus, IncomingMessage, MessagingConnection } from './messaging-connection.ts';
import { openStream } from './nats-stream.ts';
import { decodeFrame, encodeFrame, type StreamFrame } from './stream-frame.ts';

/** Takes what is sent, delivers what a test says. */
class ScriptedConnection implements MessagingConnection {
  status: ConnectionStatus = 'connected';
  readonly sent: (StreamFrame | undefined)[] = [];
  private readonly statusHandlers = new Set<(status: ConnectionStatus) => void>();
  private handler: ((message: IncomingMessage) => void) | undefined;

  publish(_subject: string, payload: string | Uint8Array): boolean {
    if (this.status !== 'connected') return false;
    this.sent.push(decodeFrame(payload as Uint8Array));
    return true;
  }

  subscribe(_subject: string, handler: (message: IncomingMessage) => void): () => void {
    this.handler = handler;
    return () => { this.handler = undefined; };
  }

  onStatus(handler: (status: ConnectionStatus) => void): () => void {
    this.statusHandlers.add(handler);
    return () => { this.statusHandlers.delete(handler); };
  }

  deliver(frame: StreamFrame | Uint8Array): void {
    this.handler?.({ subject: 'in', data: frame instanceof Uint8Array ? frame : encodeFrame(frame), respond: () => {} });
  }

  become(status: ConnectionStatus): void {
    this.status = status;
    for (const handler of [...this.statusHandlers]) handler(status);
  }

  async connected(): Promise<void> {}
  async request(): Promise<Uint8Array> { throw new Error('not scripted'); }
  async close(): Promise<void> {}
}

function open() {
  const connection = new ScriptedConnection();
  const clock = new FakeClock();
  return { connection, clock, stream: openStream(connection, { send: 'out', receive: 'in' }, { clock }) };
}

describe('stream', () => {
  it('closes when the peer is silent for 45 s, and keeps itself alive meanwhile', async () => {
    const { connection, clock, stream } = open();
    await clock.advance(44_000);
    expect(connection.sent.map((frame) => frame?.type)).toEqual(['keepAlive', 'keepAlive']);
    await clock.advance(1_000);
    expect(await stream.closed).toEqual({ error: 'the peer has vanished' });
  });

  it('stays open while the peer says anything', async () => {
    const { connection, clock, stream } = open();
    for (let minute = 0; minute < 10; minute += 1) {
      await clock.advance(30_000);
      connection.deliver({ type: 'keepAlive' });
    }
    stream.close({ exitCode: 0 });
    expect(await stream.closed).toEqual({ exitCode: 0 });
  });

  it('tells the peer after a reconnect that it has given up', async () => {
    const { connection, stream } = open();
    connection.become('disconnected');
    expect(await stream.closed).toEqual({ error: 'the connection to NATS was lost' });
    connection.become('connected');
    expect(connection.sent).toEqual([{ type: 'close', result: { error: 'the connection to NATS was lost' } }]);
  });

  it('hands out everything that came before the close, at the reader\'s pace', async () => {
    const { connection, stream } = open();
    connection.deliver({ type: 'data', channel: channels.stdout, data: Buffer.from('a') });
    connection.deliver({ type: 'data', channel: channels.stdout, data: Buffer.from('b') });
    connection.deliver({ type: 'end', channel: channels.stdout });
    connection.deliver({ type: 'close', result: { exitCode: 1 } });
    const seen: string[] = [];
    stream.onEnd((channel) => { seen.push(`end ${channel}`); });
    stream.onData(async (_channel, data) => {
      await Promise.resolve();
      seen.push(Buffer.from(data).toString());
    });
    expect(await stream.closed).toEqual({ exitCode: 1 });
    expect(seen).toEqual(['a', 'b', 'end 1']);
  });

  it('closes on a frame that is none', async () => {
    const { connection, stream } = open();
    connection.deliver(Buffer.from([0, 9, 1]));
    expect(await stream.closed).toEqual({ error: 'the peer sent a malformed frame' });
  });

  it('closes when its reader fails', async () => {
    const { connection, stream } = open();
    stream.onData(() => { throw new Error('disk full'); });
    connection.deliver({ type: 'data', channel: channels.stdout, data: Buffer.from('a') });
    expect(await stream.closed).toEqual({ error: 'the reader failed: disk full' });
  });
});

describe('frames', () => {
  const frames: StreamFrame[] = [
    { type: 'data', channel: 2, data: Buffer.from('x') }, { type: 'end', channel: 0 }, { type: 'credit', channel: 1, bytes: 65_536 },
    { type: 'close', result: { exitCode: 0, error: 'e' } }, { type: 'resize', width: 80, height: 25 }, { type: 'keepAlive' },
  ];
  for (const frame of frames) it(`${frame.type} survives the wire`, () => expect(decodeFrame(encodeFrame(frame))).toEqual(frame));

  it('of a later version are taken for a sign of life', () => {
    expect(decodeFrame(Buffer.from([77, 0]))).toEqual({ type: 'keepAlive' });
  });
});
