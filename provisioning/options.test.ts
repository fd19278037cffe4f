import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readOptions, toFlags } from './options.ts';
import { UserError } from './user-error.ts';

let directory: string;
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'bramble-options-')); });
afterEach(() => rmSync(directory, { recursive: true }));

function configFile(text: string): string {
  const path = join(directory, 'config.yaml');
  writeFileSync(path, text);
  return path;
}

describe('readOptions', () => {
  it('has the defaults that the README names', () => {
    const options = readOptions([], {});
    expect(options).toMatchObject({ dataDir: '/var/lib/bramble', apiPort: 6443, clusterCIDR: '10.42.0.0/16', serviceCIDR: '10.43.0.0/16', yes: false });
  });

  it('takes a flag over a variable and a variable over the config file', () => {
    const file = configFile('api-port: 1001\nnats-port: 1002\ncluster-domain: one.test\n');
    const options = readOptions(['--api-port', '3001', '--config', file], { BRAMBLE_API_PORT: '2001', BRAMBLE_NATS_PORT: '2002' });
    expect([options.apiPort, options.natsPort, options.clusterDomain]).toEqual([3001, 2002, 'one.test']);
  });

  it('round-trips through the flags of a child process', () => {
    const options = readOptions(['--data-dir', '/srv/b', '--api-port', '7000', '--node-name', 'pi-1', '--docker-host', 'unix:///run/x.sock', '--advertise-address', '203.0.113.9'], {});
    expect(readOptions(toFlags(options), {})).toEqual(options);
  });

  const mistakes: [string, string[], RegExp][] = [
    ['a loopback address to be reached at', ['--advertise-address', '127.0.0.1'], /--advertise-address.*127\.0\.0\.1.*that pods and other machines can reach/],
    ['an unknown flag', ['--api-prot', '1'], /--api-prot.*bramble help/],
    ['a missing value', ['--api-port'], /api-port/],
    ['a stray word', ['up'], /up/],
    ['a port that is none', ['--api-port', 'http'], /--api-port http: must be a port/],
    ['a port out of range', ['--nats-port', '70000'], /--nats-port 70000/],
    ['a CIDR that is none', ['--cluster-cidr', '10.0.0.0'], /--cluster-cidr 10\.0\.0\.0/],
    ['a CIDR with host bits', ['--service-cidr', '10.0.0.1/16'], /network address/],
    ['overlapping ranges', ['--cluster-cidr', '10.0.0.0/8', '--service-cidr', '10.43.0.0/16'], /overlap/],
    ['a node name in capitals', ['--node-name', 'Pi'], /--node-name Pi/],
    ['a NATS URL of another kind', ['--nats-url', 'http://x'], /nats:\/\/ or tls:\/\//],
    ['a log level that is none', ['--log-level', 'loud'], /debug, info, warn or error/],
    ['a reversed port range', ['--node-port-range', '9-3'], /node-port-range/],
  ];
  it.each(mistakes)('refuses %s in one line', (_, args, message) => {
    expect(() => readOptions(args, {})).toThrow(UserError);
    expect(() => readOptions(args, {})).toThrow(message);
    try {
      readOptions(args, {});
    } catch (error) {
      expect((error as Error).message).not.toContain('\n');
    }
  });

  it('names an unknown key and a broken config file', () => {
    expect(() => readOptions(['--config', configFile('api_port: 1')], {})).toThrow(/unknown option 'api_port'/);
    expect(() => readOptions(['--config', configFile('a: [')], {})).toThrow(/cannot read the config file/);
    expect(() => readOptions(['--config', join(directory, 'none.yaml')], {})).toThrow(/cannot read the config file/);
    expect(() => readOptions(['--config', configFile('api-port: [1]')], {})).toThrow(/must be a plain value/);
  });
});
