/**
 * A process of its own in the network namespace of a pod: dials the pod's loopback address and hands the connections to the
 * agent, which started it, over the channel between them. It carries no bytes itself, and ends with the agent.
 */
import { Socket } from 'node:net';
import process from 'node:process';
import type { DialAnswer, DialQuestion } from './loopback-dialer.ts';

const connectTimeoutMs = 10_000;
/** As Kubernetes' runtimes do it. */
const addresses = ['127.0.0.1', '::1'] as const;

function tell(answer: DialAnswer, socket?: Socket): void {
  // Without the agent there is nobody to tell; 'disconnect' follows.
  process.send?.(answer, socket, undefined, () => undefined);
}

/** Nothing is read from it here: what the far end says first is for the agent. */
function dial(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = new Socket({ allowHalfOpen: true });
    socket.pause();
    const fail = (error: NodeJS.ErrnoException): void => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(connectTimeoutMs, () => fail(Object.assign(new Error('i/o timeout'), { code: 'ETIMEDOUT' })));
    socket.once('error', fail);
    socket.connect({ host, port }, () => {
      socket.removeAllListeners().setTimeout(0);
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
  });
}

async function answer({ id, port }: DialQuestion): Promise<void> {
  let first: NodeJS.ErrnoException | undefined;
  for (const address of addresses) {
    try {
      return tell({ id }, await dial(address, port));
    } catch (error) {
      first ??= error as NodeJS.ErrnoException;
      // Only where nobody listens on the one is somebody perhaps on the other.
      if (first.code !== 'ECONNREFUSED') break;
    }
  }
  tell({ id, error: { code: first?.code ?? '', message: first?.message ?? '' } });
}

process.on('disconnect', () => process.exit(0));
process.on('message', (question) => void answer(question as DialQuestion));
tell({ ready: true });
