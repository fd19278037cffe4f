import { afterEach, describe, expect, it } from 'vitest';
import { boardSubjects } from '../../../api/messaging/subjects.ts';
import { systemClock } from '../../clock.ts';
import { silentLogger } from '../../logger.ts';
import { connectBoard, connectServer } from '../../nats/connect.ts';
import { NoResponderError, NotConnectedError, type MessagingConnection } from '../../nats/messaging-connection.ts';
import { openStream } from '../../nats/nats-stream.ts';
import { channels, streamWindowBytes } from '../../stream.ts';
import { eventually } from '../../testing/eventually.ts';
import { createTestAuthority, type TestAuthority } from '../../testing/test-authority.ts';
import { startNatsDaemon, type NatsDaemon } from '../../testing/nats-daemon.ts';

const dependencies = { clock: systemClock, logger: silentLogger, random: () => 0 };
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startDaemon(options?: Parameters<typeof startNatsDaemon>[1]): Promise<NatsDaemon> {
  const daemon = await startNatsDaemon(['pi-1', 'pi-2'], options);
  cleanups.push(() => daemon.stop());
  return daemon;
}

function closing<T extends MessagingConnection>(connection: T): T {
  cleanups.push(() => connection.close());
  return connection;
}

async function connectedPair(daemon: NatsDaemon): Promise<{ server: MessagingConnection; board: MessagingConnection }> {
  const server = closing(connectServer(daemon.server, dependencies));
  const board = closing(connectBoard(daemon.board('pi-1'), dependencies));
  await Promise.all([server.connected(), board.connected()]);
  return { server, board };
}

describe('connection', () => {
  it('carries requests of a board to the control plane and nobody else\'s', async () => {
    const daemon = await startDaemon();
    const { server, board } = await connectedPair(daemon);
    server.subscribe('bramble.v1.board.*.status', (message) => message.respond(`${message.subject}:${Buffer.from(message.data).toString()}`));
    const answer = await board.request(boardSubjects('pi-1').status, 'hello', { timeoutMs: 5000 });
    expect(Buffer.from(answer).toString()).toBe('bramble.v1.board.pi-1.status:hello');
    await expect(board.request(boardSubjects('pi-2').status, 'forged', { timeoutMs: 300 })).rejects.toThrow('no answer');
  });

  it('says at once when nobody listens', async () => {
    const { board } = await connectedPair(await startDaemon());
    await expect(board.request(boardSubjects('pi-1').register, '', { timeoutMs: 5000 })).rejects.toBeInstanceOf(NoResponderError);
  });

  it('comes back with its subscriptions after nats-server was killed, and drops what is published meanwhile', async () => {
    const daemon = await startDaemon();
    const { server, board } = await connectedPair(daemon);
    const got: string[] = [];
    board.subscribe(boardSubjects('pi-1').desired, (message) => got.push(Buffer.from(message.data).toString()));
    await daemon.kill();
    await eventually(() => server.status === 'disconnected' && board.status === 'disconnected');
    expect(server.publish(boardSubjects('pi-1').desired, 'lost')).toBe(false);
    await expect(server.request(boardSubjects('pi-1').stream, '', { timeoutMs: 100 })).rejects.toBeInstanceOf(NotConnectedError);
    await daemon.start();
    await Promise.all([server.connected(), board.connected()]);
    await eventually(() => {
      server.publish(boardSubjects('pi-1').desired, 'back');
      return got.includes('back');
    });
    expect(got).not.toContain('lost');
  });

  it('waits for a server that is not there yet', async () => {
    const daemon = await startDaemon();
    await daemon.kill();
    const board = closing(connectBoard(daemon.board('pi-1'), dependencies));
    expect(board.status).toBe('disconnected');
    await daemon.start();
    await board.connected();
  });

  it('can be closed while it never connected', async () => {
    const daemon = await startDaemon();
    await daemon.kill();
    const board = connectBoard(daemon.board('pi-1'), dependencies);
    const connected = board.connected();
    await Promise.all([board.close(), expect(connected).rejects.toBeInstanceOf(NotConnectedError)]);
  });
});

describe('trust', () => {
  const refused = async (certificate: (authority: TestAuthority) => Promise<{ certificate: string; key: string }>): Promise<string> => {
    const daemon = await startDaemon({ certificate });
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (_message: string, fields?: Readonly<Record<string, unknown>>) => { warnings.push(String(fields?.['error'])); } };
    const board = closing(connectBoard(daemon.board('pi-1'), { ...dependencies, logger }));
    const warning = await eventually(() => warnings[0]);
    expect(board.status).toBe('disconnected');
    return warning!;
  };

  it('accepts a certificate whose dates the clock of the board contradicts', async () => {
    const daemon = await startDaemon({ certificate: (authority) => authority.issue({ notBefore: new Date('2040-01-01'), notAfter: new Date('2041-01-01') }) });
    await closing(connectBoard(daemon.board('pi-1'), dependencies)).connected();
  });

  it('refuses a server of another authority', async () => {
    expect(await refused(async () => (await createTestAuthority()).issue())).toContain('not from this cluster');
  });

  it('refuses a client\'s certificate of its own authority', async () => {
    expect(await refused((authority) => authority.issue({ usage: 'clientAuth' }))).toContain('not a server\'s');
  });

  it('refuses a certificate of its own authority for something else', async () => {
    expect(await refused((authority) => authority.issue({ names: ['registry.example'] }))).toContain('does not name');
  });
});

describe('stream', () => {
  const pair = async () => {
    const daemon = await startDaemon();
    const { server, board } = await connectedPair(daemon);
    const subjects = boardSubjects('pi-1');
    const opener = openStream(server, { send: subjects.streamIn('x1'), receive: subjects.streamOut('x1') }, dependencies);
    const acceptor = openStream(board, { send: subjects.streamOut('x1'), receive: subjects.streamIn('x1') }, dependencies);
    // Both subscriptions are in force when a request has gone each way.
    server.subscribe(subjects.status, (message) => message.respond('ok'));
    await eventually(() => board.request(subjects.status, '', { timeoutMs: 1000 }));
    return { daemon, opener, acceptor, server, board };
  };

  it('carries several channels, half-closes and an exit code, everything before the close', async () => {
    const { opener, acceptor } = await pair();
    const input = Buffer.alloc(3 * streamWindowBytes, 'i');
    let received = 0;
    const inputEnded = new Promise<void>((resolve) => {
      acceptor.onEnd((channel) => { if (channel === channels.stdin) resolve(); });
    });
    acceptor.onData((_channel, data) => { received += data.length; });
    const output: Buffer[] = [];
    opener.onData(async (channel, data) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (channel === channels.stderr) output.push(Buffer.from(data));
    });
    const sizes: number[] = [];
    acceptor.onResize((width, height) => { sizes.push(width, height); });
    opener.resize(80, 25);
    await opener.write(channels.stdin, input);
    opener.end(channels.stdin);
    await inputEnded;
    expect(received).toBe(input.length);
    expect(sizes).toEqual([80, 25]);
    await acceptor.write(channels.stderr, Buffer.from('last words'));
    acceptor.close({ exitCode: 3 });
    expect(await opener.closed).toEqual({ exitCode: 3 });
    expect(Buffer.concat(output).toString()).toBe('last words');
  });

  it('holds no more than one window for a reader that does not read', async () => {
    const { opener, acceptor } = await pair();
    let read = 0;
    let release = (): void => {};
    opener.onData(async (_channel, data) => {
      read += data.length;
      await new Promise<void>((resolve) => { release = resolve; });
    });
    let written = 0;
    const piece = Buffer.alloc(16 * 1024);
    const writing = (async () => {
      for (;;) {
        await acceptor.write(channels.stdout, piece);
        written += piece.length;
      }
    })();
    const stopped = expect(writing).rejects.toThrow('closed');
    await eventually(() => written === streamWindowBytes);
    for (let piecesRead = 0; piecesRead < 4; piecesRead += 1) {
      const before = read;
      release();
      await eventually(() => read > before);
    }
    await eventually(() => written > streamWindowBytes);
    expect(written - read).toBeLessThanOrEqual(streamWindowBytes);
    opener.close({});
    await stopped;
    expect(await acceptor.closed).toEqual({});
  });

  it('closes both sides with an error when nats-server dies in the middle', async () => {
    const { daemon, opener, acceptor } = await pair();
    await acceptor.write(channels.stdout, Buffer.from('begin'));
    await daemon.kill();
    expect(await opener.closed).toEqual({ error: 'the connection to NATS was lost' });
    expect(await acceptor.closed).toEqual({ error: 'the connection to NATS was lost' });
    await expect(acceptor.write(channels.stdout, Buffer.from('more'))).rejects.toThrow('closed');
  });

  it('is cut off by a peer that sends more than it may', async () => {
    const { opener, board } = await pair();
    const frame = Buffer.alloc(streamWindowBytes / 2 + 2, 0);
    frame[1] = channels.stdout;
    for (let count = 0; count < 3; count += 1) board.publish(boardSubjects('pi-1').streamOut('x1'), frame);
    expect(await opener.closed).toEqual({ error: 'the peer sent more than it may' });
  });
});
