import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLastOptions, writeLastOptions } from './last-options.ts';
import { readOptions } from './options.ts';
import { UserError } from './user-error.ts';

let directory: string;
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'bramble-last-')); });
afterEach(() => rmSync(directory, { recursive: true }));

const again = (...flags: string[]) => readOptions(['--data-dir', directory, ...flags], {}, readLastOptions);

describe('the options that a cluster was started with', () => {
  const first = ['--node-name', 'pi-7', '--bridge-name', 'bridge7', '--cluster-cidr', '198.18.0.0/20', '--service-cidr', '198.19.0.0/20', '--docker-host', 'unix:///run/x.sock', '--api-port', '7000'];

  it('are found again where nobody repeats them, and give way to what is said now', () => {
    writeLastOptions(readOptions(['--data-dir', directory, ...first], {}));
    expect(again()).toMatchObject({ nodeName: 'pi-7', bridgeName: 'bridge7', clusterCIDR: '198.18.0.0/20', serviceCIDR: '198.19.0.0/20', dockerHost: 'unix:///run/x.sock', apiPort: 6443 });
    expect(again('--node-name', 'other')).toMatchObject({ nodeName: 'other', bridgeName: 'bridge7' });
    writeLastOptions(readOptions(['--data-dir', directory], {}));
    expect(again()).toEqual(readOptions(['--data-dir', directory], {}));
  });

  it('are the defaults where none was started', () => {
    expect(again()).toEqual(readOptions(['--data-dir', directory], {}));
  });

  it('are asked for where the file is damaged', () => {
    writeFileSync(join(directory, 'last-options.json'), '{"node-');
    expect(() => again()).toThrow(UserError);
    expect(() => again()).toThrow(/last-options\.json.*delete it, and run this with the options/);
    writeFileSync(join(directory, 'last-options.json'), '{"node-name":7}');
    expect(again()).toEqual(readOptions(['--data-dir', directory], {}));
  });
});
