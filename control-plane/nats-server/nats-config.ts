import { maxMessageBytes } from '../../api/messaging/messages.ts';
import { boardPermissions } from '../../api/messaging/subjects.ts';

export interface NatsUsers {
  /** Public nkey of the control plane: may do everything. */
  serverKey: string;
  /** Board name → public nkey. */
  boards: ReadonlyMap<string, string>;
}

export interface NatsConfigOptions extends NatsUsers {
  host: string;
  port: number;
  certificatePath: string;
  keyPath: string;
  pidPath: string;
}

export interface NatsUser {
  nkey: string;
  permissions: { publish: string[]; subscribe: string[] };
}

/** One user per board, allowed its own subjects only: what makes the Node authorizer of Kubernetes here. */
export function natsUsers({ serverKey, boards }: NatsUsers): NatsUser[] {
  return [
    { nkey: serverKey, permissions: { publish: ['>'], subscribe: ['>'] } },
    ...[...boards].map(([board, nkey]) => ({ nkey, permissions: boardPermissions(board) })),
  ];
}

/**
 * Configuration of the managed nats-server, as JSON (which its format includes). No JetStream and no monitoring port: it
 * keeps nothing on disk and listens for boards alone.
 */
export function natsConfig(options: NatsConfigOptions): string {
  return `${JSON.stringify({
    listen: `${options.host.includes(':') ? `[${options.host}]` : options.host}:${options.port}`,
    server_name: 'bramble',
    pid_file: options.pidPath,
    max_payload: maxMessageBytes,
    // What may wait for one slow board before it is cut off; it then comes back and asks for the whole state.
    max_pending: 32 * 1024 * 1024,
    // Boards ping by themselves (every 30 s) and send heartbeats: the server's pings would only cost uplink.
    ping_interval: '2m',
    ping_max: 2,
    write_deadline: '10s',
    // After a power cut a whole fleet shakes hands at once, on slow cores.
    tls: { cert_file: options.certificatePath, key_file: options.keyPath, timeout: 20 },
    authorization: { timeout: 20, users: natsUsers(options) },
    debug: false,
    trace: false,
    logtime: false,
  }, null, 2)}\n`;
}
