/**
 * Payloads of the NATS subjects (subjects.ts), JSON in UTF-8. Receivers decode with decode.ts: unknown fields are ignored,
 * missing or wrong ones refused, so that a version that adds fields can talk to one that does not know them.
 */
import type { EndpointSlice } from '../discovery.ts';
import type { ConfigMap, Node, NodeStatus, ObjectReference, Pod, PodStatus, Secret, Service } from '../core.ts';

/** Bytes one message may have; nats-server's max_payload is set to it. Bigger states go in several messages. */
export const maxMessageBytes = 4 * 1024 * 1024;
/** States are cut into messages of about this size. */
export const stateChunkBytes = 512 * 1024;
/** Seconds between heartbeats of a board. */
export const heartbeatSeconds = 10;

/** Sent at every connect, before anything else. Creates the Node or brings it up to date. */
export interface RegisterRequest {
  /** Labels, capacity, allocatable, addresses, nodeInfo, images. Conditions come with it. */
  node: Node;
  agentVersion: string;
}

export interface RegisterReply {
  /** Set when the board may not join; a sentence for people. */
  error?: string;
  /** What the board needs to run pods; absent when error is set. */
  network?: BoardNetwork;
}

export interface BoardNetwork {
  /** This board's pods. */
  podCIDR: string;
  clusterCIDR: string;
  serviceCIDR: string;
  /** Address of cluster DNS, inside serviceCIDR. */
  dnsAddress: string;
  /** `cluster.local` */
  clusterDomain: string;
}

/** As small as it can be: an idle board sends nothing else. */
export interface Heartbeat {
  /** Epoch and revision of the desired state the board has; the server resends when they are behind. */
  e: string;
  r: number;
}

/** Asks for the whole state: at connect, and when a message does not follow the one before. */
export interface SyncRequest {
  epoch: string;
  revision: number;
}

/** One object that the board needs, by kind. */
export type StateObject =
  | { kind: 'Pod'; object: Pod }
  | { kind: 'ConfigMap'; object: ConfigMap }
  | { kind: 'Secret'; object: Secret }
  | { kind: 'Service'; object: Service }
  | { kind: 'EndpointSlice'; object: EndpointSlice }
  | { kind: 'Node'; object: Node };

export type StateKind = StateObject['kind'];

/** `Pod/default/web-0` */
export type StateKey = string;

/**
 * A step from revision `from` to `to` of a state. A receiver that is not exactly at (epoch, from) ignores it and sends a
 * SyncRequest. `from` 0 is a full state: what it does not name is to be dropped. A state too big for one message comes in
 * several with the same from and to; all but the last have `more`, and they are applied together.
 */
export interface StateMessage {
  /** Changes whenever the server's numbering starts anew. */
  epoch: string;
  from: number;
  to: number;
  more?: boolean;
  /** Index of this part, from 0. */
  part: number;
  upserts: StateObject[];
  removes: StateKey[];
}

/** Latest status of pods that changed. Sent again until acknowledged. */
export interface StatusReport {
  pods: PodReport[];
  /** When node status changed in substance. */
  node?: NodeStatus;
  /** Best effort, at most 100 a report. */
  events?: EventReport[];
}

/** An event the board wants recorded; the server adds names, times and counts repeats. */
export interface EventReport {
  involvedObject: ObjectReference;
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
}

export interface PodReport {
  namespace: string;
  name: string;
  uid: string;
  /** Absent when only `terminated` is reported. */
  status?: PodStatus;
  /** Every container has ended and everything of the pod is gone: the API object may be removed. */
  terminated?: boolean;
}

export interface StatusReply {
  /** Set when the report could not be stored; the board sends it again. */
  error?: string;
  /** uids the server does not know (any more). */
  unknown?: string[];
}

interface StreamTarget {
  /** Token of the stream's subjects. */
  id: string;
  namespace: string;
  pod: string;
  uid: string;
  /** Empty where the stream is not about one container. */
  container: string;
}

/**
 * What the control plane asks of a board. `port` is a TCP connection to a port of the pod; `node` one to a port of the board
 * itself, with pod, namespace and uid empty. Of connections, channel stdin carries the bytes to the far end and stdout those
 * from it; the end of either is a half-close.
 */
export type StreamRequest = StreamTarget & (
  | { kind: 'logs'; options: LogOptions }
  | { kind: 'exec'; options: ExecOptions }
  | { kind: 'attach'; options: AttachOptions }
  | { kind: 'port'; options: PortOptions }
  | { kind: 'node'; options: PortOptions }
);

/** The port that a board answers itself, as a kubelet does on it: `/healthz`, `/pods`, `/stats/summary` ... over plain HTTP. */
export const kubeletPort = 10250;

export interface PortOptions {
  port: number;
  /** Of a pod: 127.0.0.1 in its network, where forwarded ports lead to; else its address. */
  loopback?: boolean;
}

/** Query of pods/log, decoded. */
export interface LogOptions {
  follow: boolean;
  previous: boolean;
  timestamps: boolean;
  tailLines?: number;
  sinceSeconds?: number;
  /** RFC 3339 */
  sinceTime?: string;
  limitBytes?: number;
}

export interface ExecOptions {
  command: string[];
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

/** Whether the container has a terminal is the board's to know. */
export interface AttachOptions {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
}

export interface StreamReply {
  /** Set when the stream cannot be opened: HTTP-like code and a sentence. */
  error?: { code: number; message: string };
}
