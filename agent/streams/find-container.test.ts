import { describe, expect, it } from 'vitest';
import type { PodStatus } from '../../api/core.ts';
import type { ContainerPhase, RuntimeContainer } from '../container-runtime/container-runtime.ts';
import { containerForExec, containerForLogs, type FindInput } from './find-container.ts';
import { StreamOpenError } from './stream-error.ts';

function container(attempt: number, phase: ContainerPhase, name = 'main'): RuntimeContainer {
  return { id: `${name}-${attempt}`, podUid: 'u', name, kind: 'container', attempt, phase, sandboxId: 's', specHash: '', image: '', imageId: '', createdAt: attempt };
}
function input(containers: RuntimeContainer[], waiting?: string, initContainers: { name: string }[] = []): FindInput {
  const status: PodStatus = waiting === undefined ? {} : { containerStatuses: [{ name: 'main', image: '', imageID: '', ready: false, restartCount: 0, state: { waiting: { reason: waiting } } }] };
  return {
    pod: { metadata: { name: 'web-0' }, spec: { containers: [{ name: 'main' }], initContainers } }, status, container: 'main',
    runtimePod: { uid: 'u', namespace: 'shop', name: 'web-0', sandboxes: [], containers },
  };
}

describe('containerForLogs', () => {
  it('is the latest that has started', () => {
    expect(containerForLogs(input([container(0, 'exited'), container(1, 'running'), container(5, 'running', 'other')]), false).id).toBe('main-1');
    expect(containerForLogs(input([container(1, 'exited'), container(2, 'created')], 'RunContainerError'), false).id).toBe('main-1');
  });

  it('is the one before for --previous', () => {
    expect(containerForLogs(input([container(0, 'exited'), container(1, 'running')]), true).id).toBe('main-0');
    expect(containerForLogs(input([container(0, 'exited'), container(1, 'exited')], 'CrashLoopBackOff'), true).id).toBe('main-1');
    expect(() => containerForLogs(input([container(0, 'running')]), true)).toThrow(new StreamOpenError(400, 'previous terminated container "main" in pod "web-0" not found'));
  });

  it.each([
    ['ErrImagePull', [], 'image can\'t be pulled'],
    ['ImagePullBackOff', [], 'trying and failing to pull image'],
    ['CreateContainerConfigError', [], 'CreateContainerConfigError'],
    [undefined, [], 'ContainerCreating'],
    [undefined, [{ name: 'first' }], 'PodInitializing'],
  ])('says why there is none: %s', (waiting, init, text) => {
    expect(() => containerForLogs(input([], waiting, init), false)).toThrow(`container "main" in pod "web-0" is waiting to start: ${text}`);
  });
});

describe('containerForExec', () => {
  it('is the one that runs', () => {
    expect(containerForExec(input([container(0, 'exited'), container(1, 'running')])).id).toBe('main-1');
    expect(() => containerForExec(input([container(0, 'exited')]))).toThrow(new StreamOpenError(500, 'container not found ("main")'));
  });
});
