import { expect, it } from 'vitest';
import type { ConnectionStatus } from '../machinery/nats/messaging-connection.ts';
import type { HealthChecks } from './apiserver/routes/health.ts';
import { ServerHealth } from './server-health.ts';

function failing(health: ServerHealth, parts: { failure?: Error; status?: ConnectionStatus } = {}) {
  const checks = health.checks({ storage: { failure: parts.failure }, nats: { status: parts.status ?? 'connected' } });
  const names = (set: HealthChecks['live']): string[] => set.filter((one) => {
    try {
      void one.check();
      return false;
    } catch {
      return true;
    }
  }).map(({ name }) => name);
  return { live: names(checks.live), ready: names(checks.ready) };
}

it('is ready from when its informers have synced until it stops', () => {
  const health = new ServerHealth();
  expect(failing(health)).toEqual({ live: [], ready: ['informer-sync'] });
  health.started();
  expect(failing(health)).toEqual({ live: [], ready: [] });
  health.stopping();
  expect(failing(health)).toEqual({ live: [], ready: ['shutdown'] });
  health.started();
  expect(failing(health)).toEqual({ live: [], ready: ['shutdown'] });
});

it('is not ready without the boards, and not well without its disk', () => {
  const health = new ServerHealth();
  health.started();
  expect(failing(health, { status: 'disconnected' })).toEqual({ live: [], ready: ['nats'] });
  expect(failing(health, { failure: new Error('no space left on device') })).toEqual({ live: ['storage'], ready: ['storage'] });
});
