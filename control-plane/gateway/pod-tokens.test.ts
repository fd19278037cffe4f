import { describe, expect, it } from 'vitest';
import type { Pod } from '../../api/core.ts';
import { silentLogger } from '../../machinery/logger.ts';
import { eventually } from '../../machinery/testing/eventually.ts';
import { FakeClock } from '../../machinery/testing/fake-clock.ts';
import { PodTokens } from './pod-tokens.ts';

const hour = 3_600_000;

function setUp(issue: (count: number) => { token: string; expiresAt: number }) {
  const clock = new FakeClock();
  const changed: string[] = [];
  let count = 0;
  const tokens = new PodTokens({
    clock, logger: silentLogger, changed: (board) => changed.push(board),
    issuer: { issueForPod: async () => issue(++count) },
  });
  tokens.start();
  return { clock, tokens, changed };
}
const pod: Pod = {
  metadata: { name: 'web', namespace: 'a', uid: 'u-1' },
  spec: { nodeName: 'pi-1', containers: [], volumes: [{ name: 'access', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }] },
};
const text = (secret: { data?: Record<string, string> } | undefined) => Buffer.from(secret?.data?.['token'] ?? '', 'base64').toString();

describe('PodTokens', () => {
  it('issues before the pod is published and tells its board', async () => {
    const { clock, tokens, changed } = setUp((count) => ({ token: `t${count}`, expiresAt: clock.now() + hour }));
    expect(tokens.of(pod)).toEqual({ secrets: [], ready: false });
    await eventually(() => expect(changed).toEqual(['pi-1']));
    const { secrets, ready } = tokens.of(pod);
    expect([ready, secrets[0]?.metadata?.name, text(secrets[0])]).toEqual([true, 'PodToken.u-1.0', 't1']);
    tokens.stop();
  });

  it('renews at four fifths of the lifetime, not before', async () => {
    const { clock, tokens, changed } = setUp((count) => ({ token: `t${count}`, expiresAt: clock.now() + hour }));
    tokens.of(pod);
    await eventually(() => expect(changed).toHaveLength(1));
    await clock.advance(0.75 * hour);
    expect(text(tokens.of(pod).secrets[0])).toBe('t1');
    await clock.advance(0.1 * hour);
    await eventually(() => expect(text(tokens.of(pod).secrets[0])).toBe('t2'));
    tokens.stop();
  });

  it('lets a pod go without a token that cannot be issued, and tries again', async () => {
    const { clock, tokens, changed } = setUp((count) => {
      if (count === 1) throw new Error('no');
      return { token: 'late', expiresAt: clock.now() + hour };
    });
    tokens.of(pod);
    await eventually(() => expect(changed).toHaveLength(1));
    expect(tokens.of(pod)).toEqual({ secrets: [], ready: true });
    await clock.advance(61_000);
    await eventually(() => expect(text(tokens.of(pod).secrets[0])).toBe('late'));
    tokens.stop();
  });
});
