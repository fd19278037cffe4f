/** Images that are there, that are not, and names that are none. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { containerStatus, idle, shell, type PodBench } from '../../framework/pod-bench.ts';
import { podRow, startPodCluster, stopPodCluster, type PodCluster } from './pod-cluster.ts';

/** Nobody listens there. */
const absent = '127.0.0.1:1/bramble-test/absent:1';
let world: PodCluster;
let pods: PodBench;

beforeAll(async () => {
  world = await startPodCluster();
  ({ pods } = world);
});

afterAll(() => stopPodCluster(world));

describe.concurrent('images', () => {
  it('with policy Never must be there', async () => {
    await pods.create('never-there', { containers: [shell(idle, { imagePullPolicy: 'Never' })] });
    await pods.ready('never-there');
    await pods.create('never-absent', { containers: [shell(idle, { image: absent, imagePullPolicy: 'Never' })] });
    const pod = await pods.until('never-absent', (one) => containerStatus(one)?.state?.waiting?.reason === 'ErrImageNeverPull');
    expect(containerStatus(pod)?.state?.waiting?.message).toBe(`Container image "${absent}" is not present with pull policy of Never`);
    expect(await podRow(world.cluster, 'never-absent')).toMatchObject({ STATUS: 'ErrImageNeverPull', READY: '0/1' });
    await pods.event('never-absent', 'ErrImageNeverPull', /is not present with pull policy of Never$/);
    await pods.event('never-absent', 'Failed', /^Error: ErrImageNeverPull$/);
  });

  it('that are there are not pulled with IfNotPresent', async () => {
    await pods.create('if-there', { containers: [shell(idle, { imagePullPolicy: 'IfNotPresent' })] });
    await pods.ready('if-there');
    await pods.event('if-there', 'Pulled', /^Container image "bramble-test\/tools:1" already present on machine/);
    expect((await pods.events('if-there')).map((event) => event.reason)).not.toContain('Pulling');
  });

  for (const imagePullPolicy of ['IfNotPresent', 'Always']) {
    it(`that cannot be pulled with ${imagePullPolicy} are tried again with back-off`, async () => {
      const name = `absent-${imagePullPolicy.toLowerCase()}`;
      await pods.create(name, { containers: [shell(idle, { image: absent, imagePullPolicy })] });
      const failed = await pods.until(name, (one) => containerStatus(one)?.state?.waiting?.reason === 'ErrImagePull');
      expect(containerStatus(failed)?.state?.waiting?.message).toContain('127.0.0.1:1');
      const pod = await pods.until(name, (one) => containerStatus(one)?.state?.waiting?.reason === 'ImagePullBackOff');
      expect(containerStatus(pod)?.state?.waiting?.message).toContain(`Back-off pulling image "${absent}"`);
      expect(pod.status?.phase).toBe('Pending');
      await pods.event(name, 'Pulling', /^Pulling image "127\.0\.0\.1:1\/bramble-test\/absent:1"$/);
      await pods.event(name, 'Failed', /^Failed to pull image "127\.0\.0\.1:1\/bramble-test\/absent:1": /);
      await pods.event(name, 'Failed', /^Error: ErrImagePull$/);
      await pods.event(name, 'BackOff', /^Back-off pulling image "127\.0\.0\.1:1\/bramble-test\/absent:1"/);
      await pods.event(name, 'Failed', /^Error: ImagePullBackOff$/);
      expect((await podRow(world.cluster, name))['STATUS']).toMatch(/^(ErrImagePull|ImagePullBackOff)$/);
      const log = await world.cluster.kubectl.try(['logs', name]);
      expect(log.stderr).toMatch(/container "main" in pod "absent-\w+" is waiting to start: (trying and failing to pull image|image can't be pulled)/);
    });
  }

  it('whose name is none are told', async () => {
    await pods.create('no-name', { containers: [shell(idle, { image: 'Not/An Image' })] });
    const pod = await pods.until('no-name', (one) => containerStatus(one)?.state?.waiting?.reason === 'InvalidImageName');
    expect(containerStatus(pod)?.state?.waiting?.message).toMatch(/^Failed to apply default image tag "Not\/An Image": couldn't parse image name "Not\/An Image": invalid reference format/);
    expect(await podRow(world.cluster, 'no-name')).toMatchObject({ STATUS: 'InvalidImageName' });
    await pods.event('no-name', 'InspectFailed', /^Failed to apply default image tag/);
  });

  it('of init containers show in their column', async () => {
    await pods.create('init-absent', { initContainers: [shell('', { name: 'first', image: absent })], containers: [shell(idle)] });
    await pods.until('init-absent', (one) => containerStatus(one, 'first')?.state?.waiting?.reason === 'ImagePullBackOff');
    expect((await podRow(world.cluster, 'init-absent'))['STATUS']).toMatch(/^Init:(ErrImagePull|ImagePullBackOff)$/);
  });

  it('that are corrected let the pod run', async () => {
    await pods.create('corrected', { containers: [shell(idle, { image: absent })] });
    await pods.until('corrected', (one) => containerStatus(one)?.state?.waiting?.reason === 'ImagePullBackOff');
    await world.cluster.kubectl.run(['set', 'image', 'pod/corrected', `main=${shell('').image}`]);
    const pod = await pods.ready('corrected', 20_000);
    expect(containerStatus(pod)?.image).toBe(shell('').image);
  });

  it('that are changed restart the container', async () => {
    await pods.create('changed', { containers: [shell(idle)] });
    await pods.ready('changed');
    await world.cluster.kubectl.run(['set', 'image', 'pod/changed', 'main=bramble-test/tools:latest-not-there']);
    await pods.event('changed', 'Killing', /^Container main definition changed, will be restarted$/);
    await pods.until('changed', (one) => ['ErrImagePull', 'ImagePullBackOff'].includes(containerStatus(one)?.state?.waiting?.reason ?? ''));
    await world.cluster.kubectl.run(['set', 'image', 'pod/changed', `main=${shell('').image}`]);
    const pod = await pods.until('changed', (one) => (containerStatus(one)?.restartCount ?? 0) >= 1 && containerStatus(one)?.ready === true, 20_000);
    expect(containerStatus(pod)?.restartCount).toBe(1);
  });
});
