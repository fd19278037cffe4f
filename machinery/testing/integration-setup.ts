/** One Docker engine for all integration tests of a run (vitest globalSetup). */
import { startDockerDaemon } from './docker-daemon.ts';

export default async function setup(): Promise<() => Promise<void>> {
  const daemon = await startDockerDaemon();
  process.env.BRAMBLE_TEST_DOCKER_HOST = daemon.host;
  return () => daemon.stop();
}
