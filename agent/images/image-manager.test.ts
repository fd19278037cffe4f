import { beforeEach, describe, expect, it } from 'vitest';
import type { EventReport } from '../../api/messaging/messages.ts';
import { FakeClock } from '../../machinery/testing/fake-clock.ts';
import type { ImageInfo, RegistryCredentials } from '../container-runtime/container-runtime.ts';
import { FakeRuntime } from '../testing/fake-runtime.ts';
import { makeContainer, makePod } from '../testing/pod-builders.ts';
import { ImageManager } from './image-manager.ts';
import { parseImageReference } from './image-reference.ts';
import { credentialsFor } from './registry-credentials.ts';

const info: ImageInfo = { id: 'sha256:app', tags: [], digests: [], sizeBytes: 7, user: '' };

describe('ImageManager', () => {
  let clock: FakeClock;
  let runtime: FakeRuntime;
  let events: EventReport[];
  let images: ImageManager;

  beforeEach(() => {
    clock = new FakeClock();
    runtime = new FakeRuntime(clock);
    events = [];
    images = new ImageManager({ runtime, clock, sink: { event: (event) => events.push(event) }, parallelPulls: 1 });
  });

  const ensure = (image: string, imagePullPolicy?: string, uid = 'u') => images.ensure({
    pod: makePod({}, { uid }), container: makeContainer('main', { image, imagePullPolicy: imagePullPolicy as never }), kind: 'container', pullSecrets: [],
  });

  it.each([
    ['app:1', 'IfNotPresent', 0], ['app:1', 'Never', 0], ['app:1', 'Always', 1], ['app:1', undefined, 0], ['app', undefined, 1], ['app:latest', undefined, 1], ['host:5000/app', undefined, 1],
  ])('of %s that is present with policy %s makes %i pulls', async (image, policy, pulls) => {
    const name = parseImageReference(image)!.name;
    runtime.addImage(name);
    runtime.registry.set(name, info);
    await ensure(image, policy);
    expect(runtime.calls).toHaveLength(pulls);
  });

  it('never pulls with policy Never', async () => {
    await expect(ensure('app:1', 'Never')).rejects.toMatchObject({ reason: 'ErrImageNeverPull', message: 'Container image "app:1" is not present with pull policy of Never' });
    expect(runtime.calls).toEqual([]);
    expect(events.map(({ type, reason, message }) => [type, reason, message])).toEqual([
      ['Warning', 'ErrImageNeverPull', 'Container image "app:1" is not present with pull policy of Never'], ['Warning', 'Failed', 'Error: ErrImageNeverPull'],
    ]);
  });

  it('refuses what is no name', async () => {
    await expect(ensure('app/UPPER')).rejects.toMatchObject({ reason: 'InvalidImageName' });
  });

  it('backs off per pod: 10 s, doubling to 300 s, and forgets after a success', async () => {
    const delays: number[] = [];
    for (let turn = 0; turn < 7; turn++) {
      const error = await ensure('app:1').catch((caught: unknown) => caught as { reason: string; retryAt: number });
      expect(error).toMatchObject({ reason: 'ErrImagePull' });
      expect((error as { retryAt: number }).retryAt - clock.now()).toBe(2_000);
      const waiting = await ensure('app:1').catch((caught: unknown) => caught as { retryAt: number });
      expect(waiting).toMatchObject({ reason: 'ImagePullBackOff', message: expect.stringMatching(/^Back-off pulling image "app:1": ErrImagePull: failed to pull and unpack image/) });
      const { retryAt } = waiting as { retryAt: number };
      delays.push((retryAt - clock.now()) / 1000);
      await clock.advance(retryAt - clock.now());
    }
    expect(delays).toEqual([10, 20, 40, 80, 160, 300, 300]);
    runtime.registry.set('app:1', info);
    await ensure('app:1');
    runtime.images.clear();
    runtime.registry.clear();
    await expect(ensure('app:1')).rejects.toMatchObject({ reason: 'ErrImagePull' });
    await expect(ensure('app:1')).rejects.toMatchObject({ reason: 'ImagePullBackOff', retryAt: clock.now() + 10_000 });
  });

  it('pulls once for all who want the same, and no more at a time than it may', async () => {
    let underWay = 0;
    let most = 0;
    const pulled: string[] = [];
    const finish: (() => void)[] = [];
    runtime.pullImage = async (reference) => {
      pulled.push(reference);
      most = Math.max(most, ++underWay);
      await new Promise<void>((resolve) => finish.push(resolve));
      underWay -= 1;
      return info;
    };
    const all = [ensure('a:1', 'Always', 'p1'), ensure('a:1', 'Always', 'p2'), ensure('b:1', 'Always', 'p1')];
    await clock.advance(0);
    expect(pulled).toEqual(['a:1']);
    finish.shift()!();
    await clock.advance(0);
    expect(pulled).toEqual(['a:1', 'b:1']);
    finish.shift()!();
    await Promise.all(all);
    expect(most).toBe(1);
  });

  it('gives the credentials of the registry', async () => {
    const seen: (RegistryCredentials | undefined)[] = [];
    runtime.pullImage = async (_reference: string, credentials?: RegistryCredentials) => { seen.push(credentials); return info; };
    const config = { auths: { 'https://other.test': { auth: 'eA==' }, 'registry.test:5000': { auth: Buffer.from('me:pass:word').toString('base64') } } };
    const secret = { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': Buffer.from(JSON.stringify(config)).toString('base64') } };
    await images.ensure({ pod: makePod(), container: makeContainer('main', { image: 'registry.test:5000/app:1' }), kind: 'container', pullSecrets: [secret] });
    expect(seen).toEqual([{ username: 'me', password: 'pass:word', server: 'registry.test:5000' }]);
  });
});

describe('credentialsFor', () => {
  const secret = (text: string) => ({ data: { '.dockerconfigjson': Buffer.from(text).toString('base64') } });

  it('knows the names of Docker Hub', () => {
    expect(credentialsFor('docker.io', [secret('{"auths":{"https://index.docker.io/v1/":{"username":"me","password":"x"}}}')])).toMatchObject({ username: 'me' });
  });

  it('takes nothing from a Secret that cannot be read', () => {
    expect(credentialsFor('docker.io', [secret('{"auths"'), {}])).toBeUndefined();
  });
});

describe('parseImageReference', () => {
  it.each([
    ['redis', 'docker.io', 'redis:latest'], ['redis:7', 'docker.io', 'redis:7'], ['library/redis', 'docker.io', 'library/redis:latest'],
    ['ghcr.io/a/b:c', 'ghcr.io', 'ghcr.io/a/b:c'], ['localhost/a', 'localhost', 'localhost/a:latest'], ['127.0.0.1:5000/a:1', '127.0.0.1:5000', '127.0.0.1:5000/a:1'],
    [`a@sha256:${'0'.repeat(64)}`, 'docker.io', `a@sha256:${'0'.repeat(64)}`],
  ])('%s', (image, registry, name) => expect(parseImageReference(image)).toEqual({ registry, name }));

  it.each(['', 'Redis', 'a b', 'a:', 'a//b', '-a', 'a:b:c', 'a@sha256:12'])('refuses %j', (image) => expect(parseImageReference(image)).toBeUndefined());
});
