import { systemClock } from '../../machinery/clock.ts';
import { FakeRuntime } from './fake-runtime.ts';
import { describeRuntimeContract } from './runtime-contract.ts';

describeRuntimeContract('FakeRuntime', async () => {
  const runtime = new FakeRuntime(systemClock);
  const image = runtime.addImage('bramble-test/busybox:1');
  return {
    runtime,
    image: { name: 'bramble-test/busybox:1', id: image.id },
    end: async (uid, name, exitCode) => runtime.exit(uid, name, exitCode),
    cleanUp: async () => {},
  };
});
