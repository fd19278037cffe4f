import type { Pod, Volume } from '../../api/core.ts';
import type { DesiredState } from '../pods/desired-state.ts';
import type { DownwardFacts } from '../environment/downward-fields.ts';
import type { Mounter } from './mounter.ts';

/** What a plugin works with for one volume of one pod. */
export interface VolumeContext {
  pod: Pod;
  volume: Volume;
  /** Where the volume belongs; it may or may not exist. */
  path: string;
  /** Whether something is mounted at path. */
  mounted: boolean;
  /** spec.securityContext.fsGroup */
  group: number | undefined;
  mounter: Mounter;
  state: Pick<DesiredState, 'configMap' | 'secret'>;
  facts: DownwardFacts;
  /** Milliseconds since the epoch. */
  now: number;
}

/** One kind of volume. Errors are plain; the manager puts the volume's name in front. */
export interface VolumePlugin {
  /** Directory below the pod's `volumes`, as the kubelet names it: `kubernetes.io~secret`. */
  readonly directory: string;
  /** Containers may only read it. */
  readonly readOnly: boolean;
  /** Whether contents follow the API objects while the pod runs. */
  readonly refreshable: boolean;
  supports(volume: Volume): boolean;
  /** Idempotent. @returns the path to mount into containers. */
  setUp(context: VolumeContext): Promise<string>;
}
