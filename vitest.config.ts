import { defineConfig } from 'vitest/config';

const rooms = '{api,machinery,control-plane,agent,proxy,provisioning,hardware-tests,scripts}';

export default defineConfig({
  test: {
    // Of tests that say they are concurrent: those of a cluster wait for its pods most of their time.
    maxConcurrency: 24,
    projects: [
      {
        test: {
          name: 'unit',
          include: [`${rooms}/**/*.test.ts`],
          exclude: ['**/node_modules/**', '**/test/integration/**', 'hardware-tests/suites/**'],
        },
      },
      {
        // Real dockerd, nats-server, LevelDB, kubectl. Files run one after the other: they share one machine.
        test: {
          name: 'integration',
          globalSetup: ['machinery/testing/integration-setup.ts'],
          include: [`${rooms}/**/test/integration/**/*.test.ts`],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        // A whole cluster, started by the `bramble` executable and driven from outside.
        test: {
          name: 'hardware',
          include: ['hardware-tests/suites/**/*.test.ts'],
          exclude: ['hardware-tests/suites/faults/**'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        // Clusters whose plugs are pulled, on one Docker of the run: it must outlive them.
        test: {
          name: 'faults',
          globalSetup: ['machinery/testing/integration-setup.ts'],
          include: ['hardware-tests/suites/faults/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
