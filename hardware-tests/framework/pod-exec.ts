/** Runs a command in a container over the WebSocket protocol, whatever kubectl this machine has. */
import { PassThrough } from 'node:stream';
import { Exec, KubeConfig, type V1Status } from '@kubernetes/client-node';

export interface ExecResult {
  code: number;
  stdout: string;
  stderr: string;
}

export async function podExec(kubeconfig: string, target: { namespace: string; pod: string; container: string }, command: string[], input?: string): Promise<ExecResult> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const stdout = collector();
  const stderr = collector();
  const stdin = input === undefined ? null : new PassThrough();
  return new Promise((resolve, reject) => {
    new Exec(config).exec(target.namespace, target.pod, target.container, command, stdout.stream, stderr.stream, stdin, false, (status: V1Status) => {
      try {
        resolve({ code: exitCode(status), stdout: stdout.text(), stderr: stderr.text() });
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    }).then((socket) => {
      socket.on('error', reject);
      stdin?.end(input);
    }, reject);
  });
}

function collector(): { stream: PassThrough; text: () => string } {
  const stream = new PassThrough();
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; });
  return { stream, text: () => text };
}

function exitCode(status: V1Status): number {
  if (status.status === 'Success') return 0;
  const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode');
  if (!cause) throw new Error(status.message);
  return Number(cause.message);
}
