/**
 * Options of every command: raw (flags, BRAMBLE_* variables, config file) → with defaults → compiled and checked. Flags win
 * over variables, variables over the file. Bad values fail here, naming the option.
 */
import { existsSync, readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { hostname } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parse as parseYaml } from 'yaml';
import type { LogLevel } from '../machinery/logger.ts';
import { UserError } from './user-error.ts';

export interface Options {
  dataDir: string;
  apiPort: number;
  natsPort: number;
  /** An existing NATS server to use instead of the managed one. */
  natsUrl: string | undefined;
  clusterCIDR: string;
  serviceCIDR: string;
  clusterDomain: string;
  nodeName: string;
  /** Address other machines and pods reach the API server at; undefined: the machine's default route decides. */
  advertiseAddress: string | undefined;
  /** `unix:///path`; undefined: Docker's default socket, or the daemon that bramble starts. */
  dockerHost: string | undefined;
  /** Linux bridge of the pods. */
  bridgeName: string;
  nodePortRange: { from: number; to: number };
  /** Kinds that are encrypted on the disk, `secrets` or `widgets.example.com`. */
  encryptResources: readonly string[];
  /** Undefined: in the data directory. */
  encryptionKeyFile: string | undefined;
  auditPolicyFile: string | undefined;
  auditLogPath: string | undefined;
  auditLogMaxSize: number;
  auditLogMaxBackup: number;
  oidcIssuerUrl: string | undefined;
  oidcClientId: string | undefined;
  oidcUsernameClaim: string | undefined;
  oidcGroupsClaim: string | undefined;
  oidcUsernamePrefix: string | undefined;
  oidcGroupsPrefix: string | undefined;
  oidcCaFile: string | undefined;
  /** Answer yes to every question. */
  yes: boolean;
  logLevel: LogLevel;
}

interface OptionRow {
  description: string;
  argument?: string;
  default?: string;
}

/** Every option: its flag is `--name`, its variable BRAMBLE_NAME with `_` for `-`, its config file key `name`. */
export const optionTable = {
  'data-dir': { argument: 'DIR', default: '/var/lib/bramble', description: 'where everything is kept' },
  'api-port': { argument: 'N', default: '6443', description: 'port of the Kubernetes API' },
  'nats-port': { argument: 'N', default: '4222', description: 'port boards connect to' },
  'nats-url': { argument: 'URL', description: 'use this NATS server instead of a managed one' },
  'cluster-cidr': { argument: 'CIDR', default: '10.42.0.0/16', description: 'addresses of pods' },
  'service-cidr': { argument: 'CIDR', default: '10.43.0.0/16', description: 'addresses of Services' },
  'cluster-domain': { argument: 'NAME', default: 'cluster.local', description: 'DNS domain of the cluster' },
  'node-name': { argument: 'NAME', description: "this machine's Node; default: its host name" },
  'advertise-address': { argument: 'IP', description: 'address of the API server; default: that of the default route' },
  'docker-host': { argument: 'URL', description: 'Docker daemon, for example unix:///var/run/docker.sock' },
  'bridge-name': { argument: 'NAME', default: 'bramble0', description: 'network bridge of the pods' },
  'node-port-range': { argument: 'A-B', default: '30000-32767', description: 'ports for NodePort Services' },
  'encrypt-resources': { argument: 'LIST', default: 'secrets', description: 'kinds that are encrypted on the disk, separated by commas' },
  'encryption-key-file': { argument: 'FILE', description: 'their keys; default: server/pki/encryption-keys.json in the data directory' },
  'audit-policy-file': { argument: 'FILE', description: 'what of the requests is written down (audit.k8s.io/v1 Policy); default: nothing' },
  'audit-log-path': { argument: 'FILE', description: 'where; default: log/audit.log in the data directory' },
  'audit-log-maxsize': { argument: 'N', default: '100', description: 'megabytes of one file of it' },
  'audit-log-maxbackup': { argument: 'N', default: '10', description: 'full files of it that are kept' },
  'oidc-issuer-url': { argument: 'URL', description: 'OpenID Connect provider whose users are users here' },
  'oidc-client-id': { argument: 'ID', description: 'the audience of its tokens' },
  'oidc-username-claim': { argument: 'NAME', description: 'claim that names the user; default: sub' },
  'oidc-username-prefix': { argument: 'TEXT', description: "put before users' names; default: the issuer and #, '-' is nothing" },
  'oidc-groups-claim': { argument: 'NAME', description: 'claim that lists the groups' },
  'oidc-groups-prefix': { argument: 'TEXT', description: "put before groups' names" },
  'oidc-ca-file': { argument: 'FILE', description: "the provider's certificate authority; default: those everybody trusts" },
  'log-level': { argument: 'LEVEL', default: 'info', description: 'debug, info, warn or error' },
  config: { argument: 'FILE', description: 'YAML file with these options; default: /etc/bramble/config.yaml where it exists' },
  yes: { description: 'install what is missing without asking' },
} satisfies Record<string, OptionRow>;

type OptionName = keyof typeof optionTable;
const defaultConfigFile = '/etc/bramble/config.yaml';

/** Options by name, as flags have them. */
export type RawOptions = Partial<Record<OptionName, string>>;

/**
 * @param remembered stands above the defaults and below all that is given; told the data directory.
 * @throws UserError naming the option, variable or config key that is wrong.
 */
export function readOptions(args: readonly string[], environment: Readonly<Record<string, string | undefined>>, remembered: (dataDir: string) => RawOptions = () => ({})): Options {
  const flags = parseFlags(args);
  const variables = readVariables(environment);
  const configFile = flags.config ?? variables.config ?? (existsSync(defaultConfigFile) ? defaultConfigFile : undefined);
  const file = configFile === undefined ? {} : readConfigFile(configFile);
  const defaults: RawOptions = Object.fromEntries(
    Object.entries(optionTable).flatMap(([name, row]) => ('default' in row ? [[name, row.default]] : [])),
  );
  const given = { ...file, ...variables, ...flags };
  return compile({ ...defaults, ...remembered(resolve(given['data-dir'] ?? defaults['data-dir']!)), ...given });
}

function parseFlags(args: readonly string[]): Partial<Record<OptionName, string>> {
  const options = Object.fromEntries(
    Object.entries(optionTable).map(([name, row]) => [name, { type: 'argument' in row ? 'string' as const : 'boolean' as const }]),
  );
  try {
    const { values } = parseArgs({ args: [...args], options, allowPositionals: false, strict: true });
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
  } catch (error) {
    const text = error instanceof Error ? error.message.split('. To specify')[0]! : String(error);
    throw new UserError(`${text.replace(/\.$/, '')}; run 'bramble help' for the options`);
  }
}

function readVariables(environment: Readonly<Record<string, string | undefined>>): Partial<Record<OptionName, string>> {
  const found: Partial<Record<OptionName, string>> = {};
  for (const name of Object.keys(optionTable) as OptionName[]) {
    const value = environment[`BRAMBLE_${name.toUpperCase().replaceAll('-', '_')}`];
    if (value !== undefined && value !== '') found[name] = value;
  }
  return found;
}

function readConfigFile(path: string): Partial<Record<OptionName, string>> {
  let content: unknown;
  try {
    content = parseYaml(readFileSync(path, 'utf8'), { maxAliasCount: 10 });
  } catch (error) {
    throw new UserError(`cannot read the config file ${path}: ${(error as Error).message.split('\n')[0]}`, { cause: error });
  }
  if (content === null || content === undefined) return {};
  if (typeof content !== 'object' || Array.isArray(content)) throw new UserError(`the config file ${path} must hold 'option: value' lines`);
  const found: Partial<Record<OptionName, string>> = {};
  for (const [key, value] of Object.entries(content)) {
    if (!(key in optionTable) || key === 'config') throw new UserError(`unknown option '${key}' in the config file ${path}; run 'bramble help' for the options`);
    if (!['string', 'number', 'boolean'].includes(typeof value)) throw new UserError(`option '${key}' in the config file ${path} must be a plain value`);
    found[key as OptionName] = String(value);
  }
  return found;
}

function compile(raw: Partial<Record<OptionName, string>>): Options {
  const clusterCIDR = cidr('cluster-cidr', raw['cluster-cidr']!, 24);
  const serviceCIDR = cidr('service-cidr', raw['service-cidr']!, 28);
  if (overlap(clusterCIDR, serviceCIDR)) {
    throw new UserError(`--cluster-cidr ${clusterCIDR} and --service-cidr ${serviceCIDR} overlap; give them different ranges`);
  }
  return {
    dataDir: isAbsolute(raw['data-dir']!) ? join(raw['data-dir']!) : resolve(raw['data-dir']!),
    apiPort: port('api-port', raw['api-port']!),
    natsPort: port('nats-port', raw['nats-port']!),
    natsUrl: raw['nats-url'] === undefined ? undefined : url('nats-url', raw['nats-url'], ['nats:', 'tls:']),
    clusterCIDR,
    serviceCIDR,
    clusterDomain: matching('cluster-domain', raw['cluster-domain']!, /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'a DNS name'),
    nodeName: matching('node-name', raw['node-name'] ?? defaultNodeName(), /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/, 'a DNS name in lower case'),
    advertiseAddress: raw['advertise-address'] === undefined ? undefined : address('advertise-address', raw['advertise-address']),
    dockerHost: raw['docker-host'] === undefined ? undefined : url('docker-host', raw['docker-host'], ['unix:']),
    bridgeName: matching('bridge-name', raw['bridge-name']!, /^[a-z][-a-z0-9]{0,14}$/, 'at most 15 lower case letters and digits'),
    nodePortRange: portRange(raw['node-port-range']!),
    encryptResources: resourceNames(raw['encrypt-resources']!),
    encryptionKeyFile: raw['encryption-key-file'] === undefined ? undefined : resolve(raw['encryption-key-file']),
    auditPolicyFile: raw['audit-policy-file'] === undefined ? undefined : resolve(raw['audit-policy-file']),
    auditLogPath: raw['audit-log-path'] === undefined ? undefined : resolve(raw['audit-log-path']),
    auditLogMaxSize: count('audit-log-maxsize', raw['audit-log-maxsize']!, 1, 10_000),
    auditLogMaxBackup: count('audit-log-maxbackup', raw['audit-log-maxbackup']!, 0, 1000),
    oidcIssuerUrl: raw['oidc-issuer-url'] === undefined ? undefined : url('oidc-issuer-url', raw['oidc-issuer-url'], ['https:']),
    oidcClientId: raw['oidc-client-id'],
    oidcUsernameClaim: raw['oidc-username-claim'],
    oidcGroupsClaim: raw['oidc-groups-claim'],
    oidcUsernamePrefix: raw['oidc-username-prefix'],
    oidcGroupsPrefix: raw['oidc-groups-prefix'],
    oidcCaFile: raw['oidc-ca-file'] === undefined ? undefined : resolve(raw['oidc-ca-file']),
    yes: flag('yes', raw.yes),
    logLevel: level(raw['log-level']!),
  };
}

function bad(name: OptionName, value: string, wanted: string): UserError {
  return new UserError(`--${name} ${value}: must be ${wanted}`);
}

function matching(name: OptionName, value: string, pattern: RegExp, wanted: string): string {
  if (!pattern.test(value)) throw bad(name, value, wanted);
  return value;
}

function flag(name: OptionName, value: string | undefined): boolean {
  if (value === undefined || ['false', '0', 'no'].includes(value)) return false;
  if (['true', '1', 'yes'].includes(value)) return true;
  throw bad(name, value, 'true or false');
}

function level(value: string): LogLevel {
  if (value === 'debug' || value === 'info' || value === 'warn' || value === 'error') return value;
  throw bad('log-level', value, 'debug, info, warn or error');
}

function port(name: OptionName, value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < 1 || number > 65535) throw bad(name, value, 'a port between 1 and 65535');
  return number;
}

function count(name: OptionName, value: string, least: number, most: number): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < least || number > most) throw bad(name, value, `a number between ${least} and ${most}`);
  return number;
}

/** `none` encrypts nothing. */
function resourceNames(value: string): string[] {
  const names = value.split(',').map((name) => name.trim()).filter((name) => name !== '' && name !== 'none');
  if (!names.every((name) => /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name))) throw bad('encrypt-resources', value, "kinds like 'secrets,widgets.example.com'");
  return names;
}

function portRange(value: string): { from: number; to: number } {
  const match = /^(\d+)-(\d+)$/.exec(value);
  const from = Number(match?.[1]);
  const to = Number(match?.[2]);
  if (!match || from < 1 || to > 65535 || from > to) throw bad('node-port-range', value, 'two ports, for example 30000-32767');
  return { from, to };
}

function url(name: OptionName, value: string, protocols: readonly string[]): string {
  if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol)) throw bad(name, value, `a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`);
  return value;
}

function address(name: OptionName, value: string): string {
  // Pods and boards reach it there, and Kubernetes refuses an endpoint that only the machine itself can reach.
  if (!isIPv4(value) || /^(127|0)\./.test(value)) throw bad(name, value, 'an IPv4 address of this machine that pods and other machines can reach');
  return value;
}

function parseCidr(value: string): { start: number; bits: number } | undefined {
  const [ip = '', bits = ''] = value.split('/');
  if (!isIPv4(ip) || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) return undefined;
  const start = ip.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return { start, bits: Number(bits) };
}

function cidr(name: OptionName, value: string, longest: number): string {
  const parsed = parseCidr(value);
  if (!parsed || parsed.bits < 8 || parsed.bits > longest) throw bad(name, value, `an IPv4 range between /8 and /${longest}, for example 10.42.0.0/16`);
  if (parsed.start % 2 ** (32 - parsed.bits) !== 0) throw bad(name, value, 'a range that begins at its network address');
  return value;
}

function overlap(one: string, other: string): boolean {
  const [a, b] = [parseCidr(one)!, parseCidr(other)!];
  const size = 2 ** (32 - Math.min(a.bits, b.bits));
  return Math.floor(a.start / size) === Math.floor(b.start / size);
}

function defaultNodeName(): string {
  return hostname().toLowerCase().replace(/[^a-z0-9.-]/g, '-').replace(/^[-.]+|[-.]+$/g, '') || 'node';
}

/** The flags that give a child process the same options. */
export function toFlags(options: Options): string[] {
  const flags: Partial<Record<OptionName, string>> = {
    'data-dir': options.dataDir,
    'api-port': String(options.apiPort),
    'nats-port': String(options.natsPort),
    'cluster-cidr': options.clusterCIDR,
    'service-cidr': options.serviceCIDR,
    'cluster-domain': options.clusterDomain,
    'node-name': options.nodeName,
    'bridge-name': options.bridgeName,
    'node-port-range': `${options.nodePortRange.from}-${options.nodePortRange.to}`,
    'encrypt-resources': options.encryptResources.join(',') || 'none',
    'log-level': options.logLevel,
    'audit-log-maxsize': String(options.auditLogMaxSize),
    'audit-log-maxbackup': String(options.auditLogMaxBackup),
    ...(options.encryptionKeyFile === undefined ? {} : { 'encryption-key-file': options.encryptionKeyFile }),
    ...(options.natsUrl === undefined ? {} : { 'nats-url': options.natsUrl }),
    ...(options.advertiseAddress === undefined ? {} : { 'advertise-address': options.advertiseAddress }),
    ...(options.auditPolicyFile === undefined ? {} : { 'audit-policy-file': options.auditPolicyFile }),
    ...(options.auditLogPath === undefined ? {} : { 'audit-log-path': options.auditLogPath }),
    ...(options.oidcIssuerUrl === undefined ? {} : { 'oidc-issuer-url': options.oidcIssuerUrl }),
    ...(options.oidcClientId === undefined ? {} : { 'oidc-client-id': options.oidcClientId }),
    ...(options.oidcUsernameClaim === undefined ? {} : { 'oidc-username-claim': options.oidcUsernameClaim }),
    ...(options.oidcGroupsClaim === undefined ? {} : { 'oidc-groups-claim': options.oidcGroupsClaim }),
    ...(options.oidcUsernamePrefix === undefined ? {} : { 'oidc-username-prefix': options.oidcUsernamePrefix }),
    ...(options.oidcGroupsPrefix === undefined ? {} : { 'oidc-groups-prefix': options.oidcGroupsPrefix }),
    ...(options.oidcCaFile === undefined ? {} : { 'oidc-ca-file': options.oidcCaFile }),
    ...(options.dockerHost === undefined ? {} : { 'docker-host': options.dockerHost }),
  };
  return Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
}
