import type { Container } from '../../api/core.ts';
import { ProbeError } from './probe-result.ts';

/** A port by number or by its name in the container. @throws ProbeError */
export function resolvePort(port: number | string, container: Container): number {
  let resolved = typeof port === 'number' ? port : container.ports?.find((one) => one.name === port)?.containerPort;
  // An IntOrString that came as text.
  if (resolved === undefined && /^\d+$/.test(String(port))) resolved = Number(port);
  if (resolved === undefined) throw new ProbeError(`port ${port} not found`);
  if (resolved < 1 || resolved > 65535) throw new ProbeError(`invalid port number: ${resolved}`);
  return resolved;
}
