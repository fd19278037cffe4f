import { duplexPair } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { channels } from '../../../machinery/stream.ts';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { FakeClock } from '../../../machinery/testing/fake-clock.ts';
import { SpdyClient } from '../spdy/testing/spdy-client.ts';
import { FakeBoardStream } from '../testing/fake-board-stream.ts';
import { runSpdyCommand } from './spdy-command.ts';
import { runSpdyPortForward } from './spdy-port-forward.ts';

function startCommand(protocol: string, wanted: Partial<Record<'stdin' | 'stdout' | 'stderr' | 'tty', boolean>>) {
  const [near, far] = duplexPair();
  const stream = new FakeBoardStream();
  const clock = new FakeClock();
  const done = runSpdyCommand({ transport: near, protocol, clock, stream, streams: { stdin: false, stdout: false, stderr: false, tty: false, ...wanted } });
  return { client: new SpdyClient(far), stream, clock, done };
}

describe('a command over SPDY', () => {
  it('has input and its end, outputs, sizes and a result', async () => {
    const { client, stream, done } = startCommand('v4.channel.k8s.io', { stdin: true, stdout: true, tty: true });
    const error = await client.begin({ streamType: 'error' });
    const stdin = await client.begin({ streamType: 'stdin' });
    const stdout = await client.begin({ streamType: 'stdout' });
    const resize = await client.begin({ streamType: 'resize' });
    client.data(resize, '{"Width":80,"Height":24}\n{"Width":');
    client.data(resize, '100,"Height":50}\n');
    client.data(stdin, 'ls\n', true);
    await eventually(() => stream.ended.length === 1 && stream.sizes.length === 2);
    expect(stream.written).toEqual([{ channel: channels.stdin, text: 'ls\n' }]);
    expect(stream.sizes).toEqual([{ width: 80, height: 24 }, { width: 100, height: 50 }]);
    await stream.emit(channels.stdout, 'files');
    stream.exit({ exitCode: 3 });
    await eventually(() => client.frames.some(({ type }) => type === 'goAway'));
    expect(client.text(stdout)).toBe('files');
    expect(client.ended(stdout) && client.ended(error)).toBe(true);
    expect(JSON.parse(client.text(error))).toMatchObject({ status: 'Failure', reason: 'NonZeroExitCode', details: { causes: [{ reason: 'ExitCode', message: '3' }] } });
    client.close();
    await done;
  });

  it.each([
    ['channel.k8s.io', 0, ''], ['v2.channel.k8s.io', 1, 'command terminated with non-zero exit code: 1'],
    ['v4.channel.k8s.io', 0, '{"metadata":{},"status":"Success"}'],
  ])('%s says of exit code %i: %s', async (protocol, exitCode, text) => {
    const { client, stream, done } = startCommand(protocol, { stdout: true });
    const error = await client.begin({ streamType: 'error' });
    await client.begin({ streamType: 'stdout' });
    stream.exit({ exitCode });
    await eventually(() => client.ended(error));
    expect(client.text(error)).toBe(text);
    client.close();
    await done;
  });

  it('ends when the client begins not all of its streams in time, or something else', async () => {
    const { client, stream, clock, done } = startCommand('v4.channel.k8s.io', { stdout: true });
    const other = await client.begin({ streamType: 'music' });
    await eventually(() => client.wasReset(other));
    await client.begin({ streamType: 'error' });
    await clock.advance(30_000);
    await done;
    expect(stream.closedByServer).toBe(true);
  });

  it('ends the command when the client goes', async () => {
    const { client, stream, done } = startCommand('v4.channel.k8s.io', { stdout: true });
    await client.begin({ streamType: 'error' });
    await client.replied(await client.begin({ streamType: 'stdout' }));
    client.close();
    await done;
    expect(stream.closedByServer).toBe(true);
  });
});

function startForward(openPort: (port: number) => Promise<FakeBoardStream>) {
  const [near, far] = duplexPair();
  const clock = new FakeClock();
  return { client: new SpdyClient(far), clock, done: runSpdyPortForward(near, { clock, openPort }) };
}

describe('ports over SPDY', () => {
  it('carry a connection for each pair of streams', async () => {
    const streams: FakeBoardStream[] = [];
    const { client, done } = startForward((port) => {
      expect(port).toBe(80);
      streams.push(new FakeBoardStream());
      return Promise.resolve(streams.at(-1)!);
    });
    const error = await client.begin({ streamType: 'error', port: '80', requestID: '0' }, true);
    const data = await client.begin({ streamType: 'data', port: '80', requestID: '0' });
    client.data(data, 'GET /', true);
    await eventually(() => streams[0]?.ended.length === 1);
    expect(streams[0]!.written).toEqual([{ channel: channels.stdin, text: 'GET /' }]);
    await streams[0]!.emit(channels.stdout, '200 OK');
    streams[0]!.exit({});
    await eventually(() => client.ended(data) && client.ended(error));
    expect([client.text(data), client.text(error)]).toEqual(['200 OK', '']);
    client.close();
    await done;
  });

  it('say why there is no connection', async () => {
    const { client, done } = startForward(() => Promise.reject(new Error('error forwarding port 80 to pod p, uid u: refused')));
    const error = await client.begin({ streamType: 'error', port: '80', requestID: '0' });
    const data = await client.begin({ streamType: 'data', port: '80', requestID: '0' });
    await eventually(() => client.ended(error) && client.ended(data));
    expect(client.text(error)).toBe('error forwarding port 80 to pod p, uid u: refused');
    client.close();
    await done;
  });

  it.each([
    ['no port', { streamType: 'data' }], ['a port that is none', { streamType: 'data', port: '0' }], ['too big a port', { streamType: 'data', port: '65536' }],
    ['another type', { streamType: 'music', port: '80' }],
  ])('are refused with %s', async (_what, headers) => {
    const { client, done } = startForward(() => Promise.reject(new Error('never')));
    const id = await client.begin(headers);
    await eventually(() => client.wasReset(id));
    client.close();
    await done;
  });

  it('do not wait for ever for the other stream', async () => {
    const { client, clock, done } = startForward(() => Promise.reject(new Error('never')));
    const error = await client.begin({ streamType: 'error', port: '80', requestID: '7' });
    await client.replied(error);
    await clock.advance(30_000);
    await eventually(() => client.ended(error));
    expect(client.text(error)).toContain('timed out waiting for streams');
    client.close();
    await done;
  });
});
