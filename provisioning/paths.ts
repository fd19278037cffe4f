/** The data directory: who keeps what where. */
import { join } from 'node:path';

export interface DataPaths {
  kubeconfig: string;
  /** Process ids and sockets; means nothing after a reboot. */
  runDir: string;
  logDir: string;
  /** The Docker daemon that `bramble up` starts where none runs. */
  dockerDir: string;
  /** What this board proves itself with to NATS. */
  credentials(board: string): string;
}

export function dataPaths(dataDir: string): DataPaths {
  return {
    kubeconfig: join(dataDir, 'kubeconfig'),
    runDir: join(dataDir, 'run'),
    logDir: join(dataDir, 'log'),
    dockerDir: join(dataDir, 'docker'),
    credentials: (board) => join(dataDir, 'boards', board, 'credentials.json'),
  };
}
