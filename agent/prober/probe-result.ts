/** What one attempt at a probe found. `warning` counts as success and is told in an event. */
export interface ProbeResult {
  verdict: 'success' | 'warning' | 'failure';
  /** Goes into the event. */
  output: string;
}

/** A probe that could not be made at all (no such port, engine away): the result is thrown away. */
export class ProbeError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ProbeError';
  }
}

/** Bytes of a response or of a command's output that are read. */
export const maximumOutputBytes = 10 * 1024;

export const success = (output: string): ProbeResult => ({ verdict: 'success', output });
export const failure = (output: string): ProbeResult => ({ verdict: 'failure', output });

/** `203.0.113.5:80`, `[fd00::5]:80` */
export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

const dialTexts: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
};

/** A connection error in the words that the kubelet's events have, which people search for. */
export function networkErrorText(error: unknown, address: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== undefined && Object.hasOwn(dialTexts, code)) return `dial tcp ${address}: ${dialTexts[code]}`;
  if (code === 'ECONNRESET') return message === 'socket hang up' ? 'EOF' : `read tcp ${address}: read: connection reset by peer`;
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${address.replace(/:\d+$/, '')}: no such host`;
  return message;
}
