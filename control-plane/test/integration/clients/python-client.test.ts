/** Debian's python3-kubernetes against the API server: what Ansible and home-made scripts use. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';

/** Debian's own: the one first on the PATH may not see Debian's packages. */
const python = '/usr/bin/python3';
const here = import.meta.dirname;
const checks = [
  'creates reads replaces and deletes', 'says what is invalid', 'patches in four ways', 'scales', 'lists in pages and by selectors', 'watches',
  'starts over when its version is too old', 'tries without doing', 'creates every kind from yaml', 'finds kinds by discovery',
  'asks what it may do', 'is what its token says', 'keeps custom resources',
];
let server: StartedApiServer;
let results: Map<string, string | null>;

beforeAll(async () => {
  server = await startApiServer();
  const { stdout } = await promisify(execFile)(python, [join(here, 'python-client.py'), server.kubeconfig, join(here, 'every-kind.yaml')], { timeout: 60_000 });
  const lines = stdout.trim().split('\n').map((line) => JSON.parse(line) as { name: string; error: string | null });
  results = new Map(lines.map(({ name, error }) => [name, error]));
});

afterAll(() => server.stop());

it.each(checks)('python: %s', (name) => {
  expect(results.get(name)).toBeNull();
});

it('python: no check is left out', () => {
  expect([...results.keys()]).toEqual(checks);
});
