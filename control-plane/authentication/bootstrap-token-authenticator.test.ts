import { expect, it } from 'vitest';
import { FakeClock } from '../../machinery/testing/fake-clock.ts';
import { createBootstrapTokenAuthenticator } from './bootstrap-token-authenticator.ts';

const clock = new FakeClock();
const good = { 'token-id': 'abcdef', 'token-secret': '0123456789abcdef', 'usage-bootstrap-authentication': 'true', 'auth-extra-groups': 'system:bootstrappers:team' };
function authenticate(data: Record<string, string>, more: object = {}, token = 'abcdef.0123456789abcdef') {
  const secret = {
    metadata: {}, type: 'bootstrap.kubernetes.io/token', data: Object.fromEntries(Object.entries(data).map(([name, value]) => [name, Buffer.from(value).toString('base64')])), ...more,
  };
  const lookup = (_resource: unknown, namespace: string | undefined, name: string) => (namespace === 'kube-system' && name === 'bootstrap-token-abcdef' ? secret : undefined);
  return createBootstrapTokenAuthenticator({ lookup, clock }).authenticateToken(token, []);
}
const at = (ms: number) => ({ ...good, expiration: new Date(clock.now() + ms).toISOString() });

it('introduces a machine, until the token expires', () => {
  expect(authenticate(at(1000))).toEqual({ user: { name: 'system:bootstrap:abcdef', groups: ['system:bootstrappers', 'system:bootstrappers:team', 'system:authenticated'] }, audiences: [] });
  expect(() => authenticate(at(0))).toThrow('Unauthorized');
});

it.each<[what: string, data: Record<string, string>, more?: object, token?: string]>([
  ['a wrong secret', good, {}, 'abcdef.0123456789abcdee'], ['no such Secret', good, {}, 'abcdeg.0123456789abcdef'], ['a Secret of another type', good, { type: 'Opaque' }],
  ['one that goes away', good, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }], ['one that is for other uses', { ...good, 'usage-bootstrap-authentication': 'false' }],
  ['groups beyond its own', { ...good, 'auth-extra-groups': 'system:masters' }], ['an expiration that is no time', { ...good, expiration: 'soon' }], ['another id in it', { ...good, 'token-id': 'bbbbbb' }],
])('refuses %s', (_what, data, more, token) => {
  expect(() => authenticate(data, more, token)).toThrow('Unauthorized');
});

it('leaves other tokens to others', () => {
  expect(authenticate(good, {}, 'ABCDEF.0123456789abcdef')).toBeUndefined();
});
