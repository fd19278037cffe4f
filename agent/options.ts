/** The agent's options: as given, and compiled for use. */
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';

export interface AgentOptions {
  /** Of the whole installation; the agent keeps its own below it in `agent/`. */
  dataDir: string;
  /** The Node's name. */
  boardName: string;
  /** What the board proves itself with to NATS (machinery/nats/board-credentials.ts). */
  credentialsFile: string;
  /** `unix:///path` or `tcp://host:port`; Docker's usual socket when absent. */
  dockerHost?: string;
  /** Interface of the pod network on the board, at most 15 characters. */
  bridgeName?: string;
  /** Address of the board that the cluster uses; that of the default route when absent. */
  nodeIP?: string;
  /** Labels the Node gets beside the usual ones. */
  nodeLabels?: Readonly<Record<string, string>>;
  /** Bramble's version, for the Node's info. */
  version?: string;
}

export interface CompiledAgentOptions {
  agentDir: string;
  boardName: string;
  credentialsFile: string;
  dockerHost: string | undefined;
  bridgeName: string;
  networkName: string;
  agentId: string;
  nodeIP: string | undefined;
  nodeLabels: Readonly<Record<string, string>>;
  version: string;
}

export const defaultBridgeName = 'bramble0';
const maximumInterfaceName = 15;

/** Names the option that cannot be used. */
export class AgentOptionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AgentOptionError';
  }
}

/**
 * Who an agent is to Docker: the same after every restart, also where its data were deleted meanwhile, and another one for
 * another installation on the same Docker.
 */
export function agentIdentity(dataDir: string, boardName: string): string {
  return createHash('sha256').update(`${resolve(dataDir)}\n${boardName}`).digest('hex').slice(0, 12);
}

/** @throws AgentOptionError */
export function compileAgentOptions(options: AgentOptions): CompiledAgentOptions {
  const { bridgeName = defaultBridgeName, boardName } = options;
  if (bridgeName.length > maximumInterfaceName || !/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(bridgeName)) {
    throw new AgentOptionError(`bridgeName: ${JSON.stringify(bridgeName)} is no name for a network interface (at most ${maximumInterfaceName} letters, digits, '-', '_' and '.')`);
  }
  if (!/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(boardName)) throw new AgentOptionError(`boardName: ${JSON.stringify(boardName)} is no DNS name in lower case`);
  const agentId = agentIdentity(options.dataDir, boardName);
  return {
    agentDir: join(resolve(options.dataDir), 'agent'),
    boardName,
    credentialsFile: options.credentialsFile,
    dockerHost: options.dockerHost,
    bridgeName,
    networkName: `bramble-${agentId}`,
    agentId,
    nodeIP: options.nodeIP,
    nodeLabels: options.nodeLabels ?? {},
    version: options.version ?? '0.0.0',
  };
}
