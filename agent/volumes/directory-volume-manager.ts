import { readdir, rm } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Container, Pod, Volume, VolumeMount } from '../../api/core.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { ContainerMount } from '../container-runtime/container-runtime.ts';
import type { DownwardFacts } from '../environment/downward-fields.ts';
import { expand } from '../environment/expansion.ts';
import type { DesiredState } from '../pods/desired-state.ts';
import type { Mounter } from './mounter.ts';
import { emptyDirPlugin } from './plugins/empty-dir.ts';
import { configMapPlugin, downwardPlugin, projectedPlugin, secretPlugin } from './plugins/file-volume.ts';
import { hostPathPlugin } from './plugins/host-path.ts';
import { ensurePodDirectory, isPodUid, podDirectory, podsDirectory } from './pod-directory.ts';
import { checkSubPath } from './safe-path.ts';
import { SerialByKey } from './serial-by-key.ts';
import { pinSubPath } from './sub-paths.ts';
import { VolumeError, type MountedVolumes, type VolumeManager } from './volume-manager.ts';
import type { VolumeContext, VolumePlugin } from './volume-plugin.ts';

/** Every kind of volume there is, in the order they are asked. */
const plugins: readonly VolumePlugin[] = [emptyDirPlugin, hostPathPlugin, configMapPlugin, secretPlugin, downwardPlugin, projectedPlugin];

/** A DNS-1123 label, as the API server checks it: the name becomes a directory. */
const volumeNamePattern = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

const propagations = { None: 'private', HostToContainer: 'rslave', Bidirectional: 'rshared' } as const;

export interface VolumeManagerOptions {
  dataDir: string;
  state: Pick<DesiredState, 'configMap' | 'secret'>;
  /** Facts for downwardAPI volumes and the size of memory volumes. */
  facts: (pod: Pod) => DownwardFacts;
  mounter: Mounter;
  clock: Clock;
  log: Logger;
  /** Of this process: mounts are made from /proc/<pid>/fd. */
  processId: number;
}

/**
 * Volumes as directories and mounts below the pod's directory. Keeps nothing in memory: what is there is read from the
 * file system and the mount table, so an agent that was killed goes on where it was.
 *
 * INVARIANTS: calls for the same pod run one after the other. Nothing is removed below a directory in which anything is
 * still mounted: it could be a path of the board itself.
 */
export class DirectoryVolumeManager implements VolumeManager {
  private readonly serial = new SerialByKey();
  private readonly options: VolumeManagerOptions;

  constructor(options: VolumeManagerOptions) {
    this.options = options;
  }

  setUp(pod: Pod): Promise<MountedVolumes> {
    const uid = pod.metadata?.uid ?? '';
    return this.serial.run(uid, async () => {
      await ensurePodDirectory(this.options.dataDir, uid);
      return this.setUpVolumes(pod, pod.spec?.volumes ?? []);
    });
  }

  refresh(pod: Pod): Promise<void> {
    const changing = (pod.spec?.volumes ?? []).filter((volume) => pluginFor(volume)?.refreshable);
    if (changing.length === 0) return Promise.resolve();
    return this.serial.run(pod.metadata?.uid ?? '', async () => {
      await this.setUpVolumes(pod, changing);
    });
  }

  private async setUpVolumes(pod: Pod, volumes: readonly Volume[]): Promise<MountedVolumes> {
    if (volumes.length === 0) return new Map();
    const mountPoints = new Set(await this.options.mounter.mountPoints(podDirectory(this.options.dataDir, pod.metadata?.uid ?? '')));
    const results = await Promise.allSettled(volumes.map(async (volume) => [volume.name, await this.setUpVolume(pod, volume, mountPoints)] as const));
    const mounted = new Map<string, string>();
    for (const result of results) {
      if (result.status === 'rejected') throw result.reason;
      mounted.set(...result.value);
    }
    return mounted;
  }

  private async setUpVolume(pod: Pod, volume: Volume, mountPoints: ReadonlySet<string>): Promise<string> {
    try {
      const plugin = pluginFor(volume);
      if (!volumeNamePattern.test(volume.name)) throw new Error('volume name is not a DNS-1123 label');
      if (!plugin) throw new Error(`volume type ${sourceOf(volume)} is not supported on this node`);
      return await plugin.setUp(this.contextFor(pod, volume, plugin, mountPoints));
    } catch (error) {
      throw new VolumeError(`MountVolume.SetUp failed for volume ${JSON.stringify(volume.name)} : ${(error as Error).message}`, { cause: error });
    }
  }

  private contextFor(pod: Pod, volume: Volume, plugin: VolumePlugin, mountPoints: ReadonlySet<string>): VolumeContext {
    const path = join(podDirectory(this.options.dataDir, pod.metadata?.uid ?? ''), 'volumes', plugin.directory, volume.name);
    return {
      pod, volume, path,
      mounted: mountPoints.has(path),
      group: pod.spec?.securityContext?.fsGroup,
      mounter: this.options.mounter,
      state: this.options.state,
      facts: this.options.facts(pod),
      now: this.options.clock.now(),
    };
  }

  mountsFor(pod: Pod, container: Container, volumes: MountedVolumes, variables: ReadonlyMap<string, string>): Promise<ContainerMount[]> {
    return this.serial.run(pod.metadata?.uid ?? '', async () => {
      const mounts: ContainerMount[] = [];
      for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
        mounts.push(await this.mountFor(pod, container, { mount, index, volumes, variables }));
      }
      return mounts;
    });
  }

  private async mountFor(pod: Pod, container: Container, want: WantedMount): Promise<ContainerMount> {
    const { mount, volumes } = want;
    const volumePath = volumes.get(mount.name);
    const volume = pod.spec?.volumes?.find((one) => one.name === mount.name);
    if (volumePath === undefined || !volume) throw new VolumeError(`cannot find volume ${JSON.stringify(mount.name)} to mount into container ${JSON.stringify(container.name)}`);
    const subPath = subPathOf(mount, want.variables);
    const hostPath = subPath === '' ? volumePath : await this.pin(pod, container, { ...want, volumePath, subPath });
    return {
      hostPath,
      containerPath: isAbsolute(mount.mountPath) ? mount.mountPath : `/${mount.mountPath}`,
      readOnly: mount.readOnly === true || pluginFor(volume)?.readOnly === true,
      propagation: propagationOf(mount.mountPropagation),
    };
  }

  /** Details of a failure stay in the log: they would tell a pod's owner about the board's file system. */
  private async pin(pod: Pod, container: Container, want: WantedMount & { volumePath: string; subPath: string }): Promise<string> {
    try {
      checkSubPath(want.subPath);
    } catch (error) {
      throw new VolumeError((error as Error).message, { cause: error });
    }
    const directory = podDirectory(this.options.dataDir, pod.metadata?.uid ?? '');
    try {
      return await pinSubPath(directory, {
        volumePath: want.volumePath, volumeName: want.mount.name, containerName: container.name, index: want.index, subPath: want.subPath,
      }, this.options.mounter, this.options.processId);
    } catch (error) {
      this.options.log.error('could not prepare a subPath', { pod: pod.metadata?.name, volume: want.mount.name, error });
      throw new VolumeError(`failed to prepare subPath for volumeMount ${JSON.stringify(want.mount.name)} of container ${JSON.stringify(container.name)}`, { cause: error });
    }
  }

  tearDown(podUid: string): Promise<void> {
    return this.serial.run(podUid, async () => {
      const directory = podDirectory(this.options.dataDir, podUid);
      for (const path of await this.options.mounter.mountPoints(directory)) await this.options.mounter.unmount(path);
      const left = await this.options.mounter.mountPoints(directory);
      if (left.length > 0) throw new VolumeError(`still mounted: ${left.join(', ')}`);
      await rm(directory, { recursive: true, force: true });
    });
  }

  async podsWithVolumes(): Promise<string[]> {
    try {
      return (await readdir(podsDirectory(this.options.dataDir))).filter(isPodUid);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }
}

interface WantedMount {
  mount: VolumeMount;
  index: number;
  volumes: MountedVolumes;
  variables: ReadonlyMap<string, string>;
}

function pluginFor(volume: Volume): VolumePlugin | undefined {
  return plugins.find((plugin) => plugin.supports(volume));
}

/** The kind of a volume, as its field is named in the API. */
function sourceOf(volume: Volume): string {
  return Object.keys(volume).find((field) => field !== 'name') ?? 'none';
}

function subPathOf(mount: VolumeMount, variables: ReadonlyMap<string, string>): string {
  if (!mount.subPathExpr) return mount.subPath ?? '';
  return expand(mount.subPathExpr, (name) => {
    const value = variables.get(name);
    if (value === undefined) throw new VolumeError(`missing value for ${JSON.stringify(name)}`);
    return value;
  });
}

function propagationOf(mode: string | undefined): NonNullable<ContainerMount['propagation']> {
  if (mode === undefined) return 'private';
  if (!Object.hasOwn(propagations, mode)) throw new VolumeError(`invalid MountPropagation mode: ${JSON.stringify(mode)}`);
  return propagations[mode as keyof typeof propagations];
}
