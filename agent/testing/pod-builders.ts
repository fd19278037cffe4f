/** Pods and containers of the engine for tests: whole ones, of which a test names what matters to it. */
import type { Container, Pod } from '../../api/core.ts';
import type { RuntimeContainer, RuntimePod, RuntimeSandbox } from '../container-runtime/container-runtime.ts';
import { specHash } from '../pods/spec-hash.ts';

export const imageName = 'bramble-test/busybox:1';

export function makeContainer(name = 'main', changes: Partial<Container> = {}): Container {
  return { name, image: imageName, imagePullPolicy: 'IfNotPresent', ...changes };
}

export function makePod(spec: Partial<Pod['spec']> = {}, metadata: Pod['metadata'] = {}): Pod {
  return {
    apiVersion: 'v1', kind: 'Pod',
    metadata: { name: 'web', namespace: 'default', uid: 'uid-web', ...metadata },
    spec: { restartPolicy: 'Always', terminationGracePeriodSeconds: 30, containers: [makeContainer()], ...spec },
  };
}

export function makeSandbox(changes: Partial<RuntimeSandbox> = {}): RuntimeSandbox {
  return { id: 's0', podUid: 'uid-web', phase: 'running', attempt: 0, ip: '198.18.1.2', createdAt: 1_000, ...changes };
}

export function makeRuntimeContainer(spec: Container = makeContainer(), changes: Partial<RuntimeContainer> = {}): RuntimeContainer {
  return {
    id: `${spec.name}-${changes.attempt ?? 0}`, podUid: 'uid-web', sandboxId: 's0', name: spec.name, kind: 'container', attempt: 0, phase: 'running',
    specHash: specHash(spec), image: spec.image ?? '', imageId: 'sha256:1', createdAt: 1_000, startedAt: 2_000, ...changes,
  };
}

export function exited(exitCode: number, changes: Partial<RuntimeContainer> = {}): Partial<RuntimeContainer> {
  return { phase: 'exited', exitCode, oomKilled: false, finishedAt: 3_000, ...changes };
}

export function makeRuntimePod(sandboxes: RuntimeSandbox[] = [], containers: RuntimeContainer[] = []): RuntimePod {
  return { uid: 'uid-web', namespace: 'default', name: 'web', sandboxes, containers };
}
