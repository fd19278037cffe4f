/** Makes the volumes of a pod appear as directories of the board and takes them away again. */
import type { Container, Pod } from '../../api/core.ts';
import type { ContainerMount } from '../container-runtime/container-runtime.ts';

/** Volume name → path on the board. */
export type MountedVolumes = ReadonlyMap<string, string>;

export interface VolumeManager {
  /**
   * Idempotent: sets up what is missing, brings ConfigMap and Secret contents up to date.
   * @throws VolumeError when a ConfigMap, Secret or path is not there (yet); try again later.
   */
  setUp(pod: Pod): Promise<MountedVolumes>;
  /** Brings ConfigMap, Secret, downwardAPI and projected contents of a running pod up to date. */
  refresh(pod: Pod): Promise<void>;
  /**
   * The volume mounts of one container, subPaths made and pinned against later changes of symbolic links.
   * @param volumes what setUp returned.
   * @param variables the container's environment, for subPathExpr.
   * @throws VolumeError with what the kubelet says in CreateContainerConfigError.
   */
  mountsFor(pod: Pod, container: Container, volumes: MountedVolumes, variables: ReadonlyMap<string, string>): Promise<ContainerMount[]>;
  /** Unmounts and removes everything of the pod, its directory included. Idempotent. */
  tearDown(podUid: string): Promise<void>;
  /** Pods with anything left on the board, for cleaning up after a crash. */
  podsWithVolumes(): Promise<string[]>;
}

/** A volume that cannot be set up now. `message` is what the FailedMount event says. */
export class VolumeError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'VolumeError';
  }
}
