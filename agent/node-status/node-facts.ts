/** What does not change while the agent runs: read once, mostly from systeminformation. */
import { readFile, statfs } from 'node:fs/promises';
import { arch, hostname } from 'node:os';
import type * as systemInformation from 'systeminformation';

export interface NodeFacts {
  /** As Kubernetes writes it: amd64, arm64, arm. */
  architecture: string;
  hostname: string;
  /** Address of the interface with the default route. */
  internalIP: string;
  cpus: number;
  memoryBytes: number;
  swapBytes: number;
  /** Of the file system that holds the pods. */
  diskBytes: number;
  machineID: string;
  systemUUID: string;
  bootID: string;
  kernelVersion: string;
  osImage: string;
  /** `docker://20.10.24` */
  containerRuntimeVersion: string;
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', arm: 'arm', ia32: '386', riscv64: 'riscv64', ppc64: 'ppc64le', s390x: 's390x' };

export interface NodeFactsOptions {
  dataDir: string;
  /** Version of the engine, without its name. */
  runtimeVersion: () => Promise<string>;
  /** Instead of the default route's address. */
  nodeIP?: string;
}

export async function readNodeFacts(options: NodeFactsOptions): Promise<NodeFacts> {
  const information = await import('./system-information.ts');
  const [system, memory, disk, runtimeVersion] = await Promise.all([information.osInfo(), information.mem(), statfs(options.dataDir), options.runtimeVersion()]);
  const machineID = (await firstLine('/etc/machine-id')) ?? '';
  return {
    architecture: architectures[arch()] ?? arch(),
    hostname: hostname().toLowerCase(),
    internalIP: options.nodeIP ?? await defaultAddress(information),
    cpus: (await information.cpu()).cores,
    memoryBytes: memory.total,
    swapBytes: memory.swaptotal,
    diskBytes: disk.blocks * disk.bsize,
    machineID,
    systemUUID: (await firstLine('/sys/class/dmi/id/product_uuid')) ?? (await firstLine('/sys/firmware/devicetree/base/serial-number')) ?? machineID,
    bootID: (await firstLine('/proc/sys/kernel/random/boot_id')) ?? '',
    kernelVersion: system.kernel,
    osImage: await prettyName() ?? `${system.distro} ${system.release}`,
    containerRuntimeVersion: `docker://${runtimeVersion}`,
  };
}

async function defaultAddress(information: Pick<typeof systemInformation, 'networkInterfaceDefault' | 'networkInterfaces'>): Promise<string> {
  const name = await information.networkInterfaceDefault();
  const found = await information.networkInterfaces();
  const interfaces = Array.isArray(found) ? found : [found];
  const usable = (address: string | undefined) => address !== undefined && address !== '';
  const chosen = interfaces.find((one) => one.iface === name && usable(one.ip4))
    ?? interfaces.find((one) => !one.internal && usable(one.ip4))
    ?? interfaces.find((one) => !one.internal && usable(one.ip6));
  return chosen?.ip4 || chosen?.ip6 || '127.0.0.1';
}

/** `PRETTY_NAME` of os-release(5). */
async function prettyName(): Promise<string | undefined> {
  const text = await readIfThere('/etc/os-release');
  return text === undefined ? undefined : /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1];
}

async function firstLine(path: string): Promise<string | undefined> {
  // Device tree strings end with NUL.
  const line = (await readIfThere(path))?.replaceAll('\0', '').split('\n')[0]?.trim();
  return line === '' ? undefined : line;
}

/** Undefined where the file is not there or not for us: boards differ in what they have. */
async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}
