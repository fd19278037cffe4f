import { connect } from 'node:net';
import { failure, hostPort, networkErrorText, success, type ProbeResult } from './probe-result.ts';

/** Succeeds when a connection is accepted. */
export function probeTcp(host: string, port: number, signal: AbortSignal): Promise<ProbeResult> {
  const address = hostPort(host, port);
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (result: ProbeResult) => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(result);
    };
    const onAbort = () => finish(failure(`dial tcp ${address}: i/o timeout`));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => finish(success('')));
    socket.on('error', (error) => finish(failure(networkErrorText(error, address))));
    if (signal.aborted) onAbort();
  });
}
