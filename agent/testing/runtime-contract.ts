/** What every ContainerRuntime must do: the fake that unit tests trust and the real one pass the same suite. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../machinery/testing/eventually.ts';
import type { ContainerConfig, ContainerRuntime, RuntimeContainer, RuntimePod } from '../container-runtime/container-runtime.ts';
import { containerConfig, sandboxConfig } from './container-builders.ts';

export interface RuntimeUnderTest {
  runtime: ContainerRuntime;
  /** An image that is there and has a shell (the fake has none to run). */
  image: { name: string; id: string };
  /** Makes the container's process end with a code: the shell waits for it as the test's command says. */
  end: (podUid: string, container: string, exitCode: number) => Promise<void>;
  cleanUp: () => Promise<void>;
}

/** Ends with the code that is written to the pipe /tmp/end. */
export const endOnCommand = ['/bin/sh', '-c', 'mkfifo /tmp/end; read code < /tmp/end; exit $code'];

export function describeRuntimeContract(name: string, make: () => Promise<RuntimeUnderTest>): void {
  describe(`${name} as a container runtime`, () => {
    let subject: RuntimeUnderTest;
    let runtime: ContainerRuntime;
    let next = 0;

    beforeAll(async () => {
      subject = await make();
      runtime = subject.runtime;
    });

    afterAll(async () => {
      for (const pod of await runtime.listPods()) await removePod(runtime, pod);
      await subject.cleanUp();
    });

    async function runPod(changes: Partial<ContainerConfig> = {}): Promise<{ uid: string; sandboxId: string; containerId: string; look: () => Promise<RuntimePod>; main: () => Promise<RuntimeContainer> }> {
      const uid = `contract-${next++}`;
      const sandbox = await runtime.runSandbox(sandboxConfig(uid));
      const containerId = await runtime.createContainer(sandbox.id, containerConfig(uid, subject.image, { command: endOnCommand, ...changes }));
      await runtime.startContainer(containerId);
      const look = () => runtime.getPod({ uid, namespace: 'default', name: `pod-${uid}` });
      return { uid, sandboxId: sandbox.id, containerId, look, main: async () => (await look()).containers.find((container) => container.id === containerId)! };
    }

    it('has nothing of a pod that it never saw', async () => {
      expect(await runtime.getPod({ uid: 'nobody', namespace: 'default', name: 'x' })).toEqual({ uid: 'nobody', namespace: 'default', name: 'x', sandboxes: [], containers: [] });
    });

    it('gives a sandbox an address and lists it', async () => {
      const { look, uid } = await runPod();
      const pod = await look();
      expect(pod).toMatchObject({ uid, namespace: 'default', name: `pod-${uid}` });
      expect(pod.sandboxes).toHaveLength(1);
      expect(pod.sandboxes[0]).toMatchObject({ podUid: uid, phase: 'running', attempt: 0 });
      expect(pod.sandboxes[0]?.ip).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      expect((await runtime.listPods()).map((other) => other.uid)).toContain(uid);
    });

    it('tells what a container was made from', async () => {
      const { main, sandboxId, uid } = await runPod({ attempt: 3, specHash: 'abc', kind: 'init' });
      expect(await main()).toMatchObject({ podUid: uid, sandboxId, name: 'main', kind: 'init', attempt: 3, specHash: 'abc', phase: 'running', image: subject.image.name, imageId: subject.image.id });
      expect((await main()).startedAt).toBeGreaterThan(0);
    });

    it('adopts a sandbox and a container of the same name instead of making a second', async () => {
      const { uid, sandboxId, containerId, look } = await runPod();
      expect((await runtime.runSandbox(sandboxConfig(uid))).id).toBe(sandboxId);
      expect(await runtime.createContainer(sandboxId, containerConfig(uid, subject.image))).toBe(containerId);
      await runtime.startContainer(containerId);
      expect((await look()).containers).toHaveLength(1);
    });

    it('tells how a container ended and hints at it', async () => {
      const hints: string[] = [];
      const abort = new AbortController();
      runtime.onChange((podUid) => hints.push(podUid), abort.signal);
      const { uid, main } = await runPod();
      await subject.end(uid, 'main', 7);
      await eventually(async () => (await main()).phase === 'exited');
      const ended = await main();
      expect(ended).toMatchObject({ exitCode: 7, oomKilled: false });
      expect(ended.finishedAt).toBeGreaterThanOrEqual(ended.startedAt!);
      await eventually(() => hints.includes(uid));
      abort.abort();
    });

    it('calls a container that was not started created, and starts it later', async () => {
      const uid = `contract-${next++}`;
      const sandbox = await runtime.runSandbox(sandboxConfig(uid));
      const id = await runtime.createContainer(sandbox.id, containerConfig(uid, subject.image, { command: endOnCommand }));
      const phase = async () => (await runtime.getPod({ uid, namespace: 'default', name: 'x' })).containers[0]?.phase;
      expect(await phase()).toBe('created');
      await runtime.startContainer(id);
      expect(await phase()).toBe('running');
    });

    it('stops, stops again, removes, removes again', async () => {
      const { containerId, sandboxId, main, look } = await runPod();
      await runtime.stopContainer(containerId, 0);
      expect((await main()).phase).toBe('exited');
      await runtime.stopContainer(containerId, 0);
      await runtime.removeContainer(containerId);
      await runtime.removeContainer(containerId);
      await runtime.stopSandbox(sandboxId);
      expect((await look()).sandboxes[0]?.phase).toBe('exited');
      expect((await look()).sandboxes[0]?.ip).toBeUndefined();
      await runtime.removeSandbox(sandboxId);
      await runtime.removeSandbox(sandboxId);
      expect((await look()).sandboxes).toEqual([]);
    });

    it('lists the newest attempt first', async () => {
      const { uid, sandboxId, containerId, look } = await runPod();
      await runtime.stopContainer(containerId, 0);
      await runtime.startContainer(await runtime.createContainer(sandboxId, containerConfig(uid, subject.image, { attempt: 1, command: endOnCommand })));
      expect((await look()).containers.map((container) => [container.attempt, container.phase])).toEqual([[1, 'running'], [0, 'exited']]);
    });

    it('refuses a container of an image that is not there', async () => {
      const uid = `contract-${next++}`;
      const sandbox = await runtime.runSandbox(sandboxConfig(uid));
      const missing = { name: 'bramble-test/missing:1', id: 'bramble-test/missing:1' };
      await expect(runtime.createContainer(sandbox.id, containerConfig(uid, missing))).rejects.toMatchObject({ name: 'RuntimeError', reason: 'CreateContainerError' });
    });

    it('knows its images', async () => {
      expect(await runtime.inspectImage(subject.image.name)).toMatchObject({ id: subject.image.id });
      expect(await runtime.inspectImage('bramble-test/missing:1')).toBeUndefined();
      expect((await runtime.listImages()).map((image) => image.id)).toContain(subject.image.id);
    });

    it('says that an image cannot be pulled', async () => {
      await expect(runtime.pullImage('127.0.0.1:1/missing:1', undefined, new AbortController().signal)).rejects.toMatchObject({ name: 'RuntimeError', reason: 'ErrImagePull' });
    });

    it('names its version', async () => {
      expect(await runtime.version()).toMatch(/^\d+\.\d+/);
    });
  });
}

export async function removePod(runtime: ContainerRuntime, pod: RuntimePod): Promise<void> {
  await Promise.all(pod.containers.map((container) => runtime.removeContainer(container.id)));
  await Promise.all(pod.sandboxes.map((sandbox) => runtime.removeSandbox(sandbox.id)));
}
