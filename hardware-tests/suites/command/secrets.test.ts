/** `bramble secrets rotate` as a program: beside a control plane that runs, after its end, and where something is wrong. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { freePort } from '../../framework/cluster.ts';

interface Kubeconfig {
  clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }];
  users: [{ user: { 'client-certificate-data': string; 'client-key-data': string } }];
}

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

const startMs = 60_000;
const secrets = '/api/v1/namespaces/default/secrets';
let dataDir: string;
let flags: string[];
let server: Started | undefined;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'bramble-secrets-'));
  flags = ['--data-dir', dataDir, '--api-port', String(await freePort()), '--nats-port', String(await freePort()), '--cluster-cidr', '198.18.176.0/20', '--service-cidr', '198.19.176.0/20'];
  await startServer();
});
afterAll(async () => {
  await stopServer();
  rmSync(dataDir, { recursive: true });
});

interface Started {
  process: ChildProcess;
  ended: Promise<Ended>;
}

function bramble(...args: string[]): Started {
  const process_ = spawn(process.execPath, ['bin/bramble.js', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  process_.stdout.setEncoding('utf8').on('data', (text: string) => { output.stdout += text; });
  process_.stderr.setEncoding('utf8').on('data', (text: string) => { output.stderr += text; });
  return { process: process_, ended: new Promise((resolve) => { process_.on('close', (code) => resolve({ code, ...output })); }) };
}

const rotate = (...args: string[]): Promise<Ended> => bramble('secrets', 'rotate', '--data-dir', dataDir, ...args).ended;
const keyFile = (): string => join(dataDir, 'server', 'pki', 'encryption-keys.json');
const keyIds = (): string[] => (JSON.parse(readFileSync(keyFile(), 'utf8')) as { keys: { id: string }[] }).keys.map(({ id }) => id);

async function startServer(): Promise<void> {
  server = bramble('server', ...flags);
  await eventually(async () => (await call('GET', '/readyz')).code === 200, { timeoutMs: startMs, everyMs: 100 });
}

async function stopServer(): Promise<void> {
  server?.process.kill('SIGTERM');
  await server?.ended;
  server = undefined;
}

function call(method: string, path: string, body?: object): Promise<{ code: number; text: string }> {
  const { clusters: [{ cluster }], users: [{ user }] } = parse(readFileSync(join(dataDir, 'kubeconfig'), 'utf8')) as Kubeconfig;
  const decode = (text: string): Buffer => Buffer.from(text, 'base64');
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(path, cluster.server), {
      method, agent: false, ca: decode(cluster['certificate-authority-data']), cert: decode(user['client-certificate-data']), key: decode(user['client-key-data']), headers: { 'content-type': 'application/json' },
    }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; }).on('end', () => resolve({ code: response.statusCode ?? 0, text }));
    });
    outgoing.on('error', reject);
    outgoing.end(body && JSON.stringify(body));
  });
}

const valueOf = async (name: string): Promise<string> => Buffer.from((JSON.parse((await call('GET', `${secrets}/${name}`)).text) as { data: { word: string } }).data.word, 'base64').toString();

function expectRefusal({ code, stdout, stderr }: Ended, message: RegExp): void {
  expect(stderr).toMatch(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).toMatch(/^bramble: /);
  expect([code, stdout]).toEqual([1, '']);
}

it('gives what is encrypted a new key, beside a control plane that runs and after its end', async () => {
  expect((await call('POST', secrets, { metadata: { name: 'berry' }, stringData: { word: 'blackberry' } })).code).toBe(201);
  const [first] = keyIds();
  const beside = await rotate();
  expect(beside.stderr).toBe('');
  expect(beside.stdout).toMatch(/^\d+ records? (is|are) encrypted with a new key\n$/);
  expect(Number.parseInt(beside.stdout, 10)).toBeGreaterThan(0);
  const [second] = keyIds();
  expect(keyIds()).toEqual([expect.not.stringContaining(first!)]);
  expect(await valueOf('berry')).toBe('blackberry');

  await stopServer();
  const after = await rotate();
  expect([after.code, after.stderr]).toEqual([0, '']);
  expect(Number.parseInt(after.stdout, 10)).toBeGreaterThan(0);
  expect(keyIds()).toEqual([expect.not.stringContaining(second!)]);
  await startServer();
  expect(await valueOf('berry')).toBe('blackberry');
});

it('says who may not, and that nobody is named, while a control plane runs', async () => {
  const path = join(dataDir, 'kubeconfig');
  const kept = readFileSync(path, 'utf8');
  const kubeconfig = parse(kept) as Kubeconfig;
  try {
    writeFileSync(path, JSON.stringify({ ...kubeconfig, users: [] }));
    expectRefusal(await rotate(), /^bramble: the control plane refused: .*User "system:anonymous" cannot post path "\/bramble\/secrets\/rotate"\n$/);
    writeFileSync(path, JSON.stringify({ ...kubeconfig, users: [{ user: { 'client-certificate-data': 'eA==', 'client-key-data': 'eA==' } }] }));
    expectRefusal(await rotate(), /^bramble: the database is in use, and .*kubeconfig does not say how to reach its control plane: /);
    rmSync(path);
    expectRefusal(await rotate(), /^bramble: the database is in use, and .*kubeconfig does not say how to reach its control plane: ENOENT/);
  } finally {
    writeFileSync(path, kept);
  }
});

it('says which key is missing or damaged, and changes nothing', async () => {
  await stopServer();
  const kept = readFileSync(keyFile(), 'utf8');
  const other = JSON.parse(kept) as { keys: { id: string; key: string }[] };
  try {
    writeFileSync(keyFile(), '{"keys": []}');
    expectRefusal(await rotate(), /the encryption keys in .*encryption-keys\.json are damaged: it holds no keys\. Restore the file from a backup/);
    writeFileSync(keyFile(), JSON.stringify({ keys: [{ ...other.keys[0], key: Buffer.alloc(32, 7).toString('base64') }] }));
    expectRefusal(await rotate(), /are damaged: key [0-9a-f]{16} is not what it was/);
    rmSync(keyFile());
    const missing = await rotate();
    expectRefusal(missing, /key [0-9a-f]{16}/);
    expect(missing.stderr).toContain(keyFile());
  } finally {
    writeFileSync(keyFile(), kept, { mode: 0o600 });
  }
  await startServer();
  expect(await valueOf('berry')).toBe('blackberry');
});

it('says that there is no cluster, and that a database in use has nobody who answers', async () => {
  expectRefusal(await bramble('secrets', 'rotate', '--data-dir', join(dataDir, 'none')).ended, /there is no cluster in .*none; name its directory with --data-dir/);
  const path = join(dataDir, 'kubeconfig');
  const kept = readFileSync(path, 'utf8');
  writeFileSync(path, kept.replace(/server: https:\/\/\S+/, `server: https://127.0.0.1:${await freePort()}`));
  try {
    expectRefusal(await rotate(), /the database is in use, but no control plane answers at https:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED/);
  } finally {
    writeFileSync(path, kept);
  }
});

it('knows no other command for secrets', async () => {
  expectRefusal(await bramble('secrets', 'show').ended, /unknown command 'secrets show'/);
});
