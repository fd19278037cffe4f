/**
 * What the control plane wants of this board: its pods and exactly the ConfigMaps and Secrets they name. Services are here
 * for the environment variables of their namespace. The link keeps it (link/), everything else reads it.
 */
import type { ConfigMap, Pod, Secret, Service } from '../../api/core.ts';
import type { BoardNetwork } from '../../api/messaging/messages.ts';

export interface DesiredState {
  /** False until a state was received or read from disk: nothing may be removed before. */
  readonly ready: boolean;
  readonly network: BoardNetwork | undefined;
  pods(): Pod[];
  pod(uid: string): Pod | undefined;
  configMap(namespace: string, name: string): ConfigMap | undefined;
  secret(namespace: string, name: string): Secret | undefined;
  services(namespace: string): Service[];
  /** Called after each applied change with the uids of pods to look at again (also when a ConfigMap of theirs changed). */
  onChange(handler: (podUids: readonly string[]) => void): void;
}
