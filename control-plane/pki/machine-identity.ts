/** Under which names and addresses clients may reach this machine. */
import { hostname, networkInterfaces } from 'node:os';

export interface MachineIdentity {
  names: string[];
  addresses: string[];
}

/** Without link-local IPv6 addresses: they need a zone, which no certificate can hold. */
export function machineIdentity(): MachineIdentity {
  const addresses = Object.values(networkInterfaces()).flatMap((interfaces) => interfaces ?? [])
    .map((entry) => entry.address)
    .filter((address) => !/^fe[89ab]/i.test(address));
  return { names: [hostname().toLowerCase()].filter((name) => /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name)), addresses: [...new Set(addresses)].sort() };
}
