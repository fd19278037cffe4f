import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boardSubjects } from '../api/messaging/subjects.ts';
import { silentLogger } from '../machinery/logger.ts';
import type { ConnectionStatus, MessagingConnection } from '../machinery/nats/messaging-connection.ts';
import { FakeClock } from '../machinery/testing/fake-clock.ts';
import { NetworkView } from './network-view.ts';

let directory: string;
let view: NetworkView;
beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), 'bramble-view-')); });
afterEach(async () => {
  await view.stop();
  await rm(directory, { recursive: true });
});

/** A connection that only remembers on which subjects something was said. */
function connection(status: ConnectionStatus): { connection: MessagingConnection; said: string[]; change: (status: ConnectionStatus) => void } {
  const said: string[] = [];
  const handlers: ((status: ConnectionStatus) => void)[] = [];
  return {
    said,
    change: (next) => handlers.forEach((handler) => handler(next)),
    connection: {
      status,
      onStatus: (handler) => { handlers.push(handler); return () => undefined; },
      subscribe: () => () => undefined,
      publish: (subject) => said.push(subject) > 0,
      connected: () => Promise.resolve(),
      request: () => Promise.reject(new Error('not asked for')),
      close: () => Promise.resolve(),
    },
  };
}

describe('NetworkView', () => {
  const asked = boardSubjects('pi-1').networkSync;
  const start = (to: MessagingConnection): Promise<void> => {
    view = new NetworkView({ connection: to, boardName: 'pi-1', checkpointFile: join(directory, 'network-state.json'), clock: new FakeClock(), logger: silentLogger });
    return view.start();
  };

  it('asks for the state as soon as it is connected', async () => {
    const { connection: to, said, change } = connection('disconnected');
    await start(to);
    expect(said).toEqual([]);
    change('connected');
    expect(said).toEqual([asked]);
  });

  it('asks for it also where it was connected before it had read its file', async () => {
    const { connection: to, said } = connection('connected');
    await start(to);
    expect(said).toEqual([asked]);
  });
});
