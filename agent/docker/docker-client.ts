/**
 * The only door to Docker: the calls the agent makes and nothing else, so that everything behind it can be read here.
 * Errors are those of the engine's API (errors.ts tells them apart).
 */
import type { Readable } from 'node:stream';
import type Dockerode from 'dockerode';

export type ContainerSummary = Dockerode.ContainerInfo;
export type ContainerDetails = Dockerode.ContainerInspectInfo;
export type ContainerSpec = Dockerode.ContainerCreateOptions;
export type ImageDetails = Dockerode.ImageInspectInfo;
export type ImageSummary = Dockerode.ImageInfo;
export type NetworkSpec = Dockerode.NetworkCreateOptions;
export type NetworkDetails = Dockerode.NetworkInspectInfo;
export type Filters = Readonly<Record<string, readonly string[]>>;
export type DuplexStream = NodeJS.ReadWriteStream & { destroy(error?: Error): void };

/** The part of an event that is used. */
export interface EngineEvent {
  Action: string;
  Actor: { ID: string; Attributes: Readonly<Record<string, string>> };
}

export interface LogQuery {
  follow: boolean;
  timestamps: boolean;
  /** Lines from the end; undefined for all. */
  tail?: number;
  /** Seconds since the epoch, with a fraction. */
  since?: number;
}

export interface DockerClient {
  listContainers(filters: Filters): Promise<ContainerSummary[]>;
  inspectContainer(id: string): Promise<ContainerDetails>;
  /** @returns the id. */
  createContainer(spec: ContainerSpec & { name: string }): Promise<string>;
  startContainer(id: string): Promise<void>;
  /** Sends the stop signal, SIGKILL after `seconds`. Resolves when the container has stopped. */
  stopContainer(id: string, seconds: number): Promise<void>;
  /** Removes it with its anonymous volumes, killing it if it runs. */
  removeContainer(id: string): Promise<void>;
  createExec(id: string, options: { command: readonly string[]; stdin: boolean; tty: boolean }): Promise<string>;
  startExec(execId: string, options: { stdin: boolean; tty: boolean }): Promise<DuplexStream>;
  attachContainer(id: string, options: { stdin: boolean }): Promise<DuplexStream>;
  resizeContainer(id: string, width: number, height: number): Promise<void>;
  resizeExec(execId: string, width: number, height: number): Promise<void>;
  inspectExec(execId: string): Promise<{ running: boolean; exitCode: number | undefined }>;
  /** Frames as demultiplex.ts reads them, or plain bytes for a container with a tty. */
  containerLogs(id: string, query: LogQuery, signal: AbortSignal): Promise<Readable>;
  inspectImage(reference: string): Promise<ImageDetails>;
  listImages(): Promise<ImageSummary[]>;
  /** Resolves when the pull is done; rejects with the engine's message when it failed. */
  pullImage(reference: string, credentials: Dockerode.AuthConfigObject | undefined, signal: AbortSignal): Promise<void>;
  removeImage(id: string): Promise<void>;
  /** Makes an image of a tar archive of its root file system. `changes` are Dockerfile instructions. */
  importImage(archive: Readable, options: { repository: string; tag: string; changes: readonly string[]; platform?: string }): Promise<void>;
  listNetworks(filters: Filters): Promise<NetworkDetails[]>;
  inspectNetwork(name: string): Promise<NetworkDetails>;
  createNetwork(spec: NetworkSpec): Promise<string>;
  removeNetwork(id: string): Promise<void>;
  /** Events as they come, until the signal aborts (ends) or the connection breaks (rejects). */
  events(filters: Filters, signal: AbortSignal): AsyncIterable<EngineEvent>;
  version(): Promise<{ version: string; apiVersion: string; architecture: string }>;
}
