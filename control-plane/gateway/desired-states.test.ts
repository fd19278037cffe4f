import { afterEach, describe, expect, it } from 'vitest';
import type { Pod } from '../../api/core.ts';
import type { StateMessage } from '../../api/messaging/messages.ts';
import { pods } from '../../api/resources.ts';
import { silentLogger } from '../../machinery/logger.ts';
import { eventually } from '../../machinery/testing/eventually.ts';
import { SharedInformers } from '../controllers/shared-informers.ts';
import { createTestRegistry } from '../registry/testing/test-registry.ts';
import { DesiredStates } from './desired-states.ts';

const atNothing = { epoch: '', revision: 0 };
const running = (name: string): Pod => ({
  metadata: { name, namespace: 'default' },
  spec: { nodeName: 'pi-1', containers: [{ name: 'main', image: 'web:1' }], volumes: [{ name: 'access', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }] },
});
const podsIn = ({ upserts }: StateMessage) => upserts.flatMap(({ kind, object }) => (kind === 'Pod' ? [object.metadata?.name] : []));

describe('DesiredStates', () => {
  const stops: (() => void)[] = [];
  afterEach(() => stops.splice(0).forEach((stop) => stop()));

  /** A control plane that has just started. `issue` gives all tokens asked for so far. */
  async function setUp(...names: string[]) {
    const { client, clock } = await createTestRegistry();
    for (const name of names) await client.resource(pods).create(running(name));
    const informers = new SharedInformers({ client, clock, logger: silentLogger });
    const sent: StateMessage[] = [];
    const waiting: ((outcome: { token: string; expiresAt: number } | Error) => void)[] = [];
    let epochs = 0;
    const states = new DesiredStates({
      informers, clock, logger: silentLogger, newEpoch: () => `epoch-${++epochs}`,
      connection: { publish: (_subject, data) => sent.push(JSON.parse(Buffer.from(data).toString()) as StateMessage) > 0 },
      tokens: { issueForPod: () => new Promise((resolve, reject) => waiting.push((outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)))) },
    });
    informers.start();
    await informers.synced();
    states.start();
    stops.push(() => {
      states.stop();
      informers.stop();
    });
    const issue = (outcome: Error | { token: string; expiresAt: number } = { token: 't', expiresAt: clock.now() + 3_600_000 }) => waiting.splice(0).forEach((settle) => settle(outcome));
    return { client, clock, states, sent, issue };
  }

  it('never sends a whole state without a pod that waits for its token: its board may run it', async () => {
    const { clock, states, sent, issue } = await setUp('a', 'b');
    states.sync('pi-1', atNothing);
    states.heartbeat('pi-1', atNothing);
    await clock.advance(100);
    expect(sent).toEqual([]);
    issue();
    await eventually(async () => {
      await clock.advance(25);
      expect(sent.map((message) => [message.from, ...podsIn(message).sort()])).toEqual([[0, 'a', 'b']]);
      return true;
    });
  });

  it('sends all where a token cannot be issued', async () => {
    const { clock, states, sent, issue } = await setUp('a');
    states.sync('pi-1', atNothing);
    issue(new Error('no key'));
    await eventually(async () => {
      await clock.advance(25);
      expect(sent.map((message) => [message.from, ...podsIn(message)])).toEqual([[0, 'a']]);
      return true;
    });
  });

  it('holds a new pod until its tokens are there', async () => {
    const { client, clock, states, sent, issue } = await setUp();
    states.sync('pi-1', atNothing);
    sent.length = 0;
    await client.resource(pods).create(running('new'));
    await clock.advance(100);
    expect(sent.flatMap(podsIn)).toEqual([]);
    issue();
    await eventually(async () => {
      await clock.advance(25);
      expect(sent.map((message) => [message.upserts.map(({ kind }) => kind), message.from > 0])).toEqual([[['Secret', 'Secret', 'Pod'], true]]);
      return true;
    });
  });
});
