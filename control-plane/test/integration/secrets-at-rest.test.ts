import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { startControlPlane, type ControlPlane } from './conformance/start-control-plane.ts';

let plane: ControlPlane;
const secrets = '/api/v1/namespaces/default/secrets';

beforeAll(async () => { plane = await startControlPlane(); });
afterAll(() => plane.stop());

const keyFile = (): string => join(plane.directory, 'server', 'pki', 'encryption-keys.json');
const currentKey = async (): Promise<string> => (JSON.parse(await readFile(keyFile(), 'utf8')) as { keys: { id: string }[] }).keys[0]!.id;
const secret = (name: string, value: string): object => ({ metadata: { name }, stringData: { value } });

async function filesWith(text: string): Promise<string[]> {
  const database = join(plane.directory, 'server', 'db');
  const found: string[] = [];
  // A file that LevelDB has merged away meanwhile holds nothing.
  for (const name of await readdir(database)) if ((await readFile(join(database, name)).catch(() => Buffer.alloc(0))).includes(text)) found.push(name);
  return found;
}

it('gives Secrets a new key while clients read, write and watch them', async () => {
  await plane.ok('POST', secrets, secret('before', 'plain to no one'));
  const watch = await plane.watch(`${secrets}?watch=true&fieldSelector=metadata.name!=x`);
  const old = await currentKey();
  expect((await stat(keyFile())).mode & 0o777).toBe(0o600);
  const rotations = Promise.all([plane.ok('POST', '/bramble/secrets/rotate'), plane.ok('POST', '/bramble/secrets/rotate')]);
  await plane.ok('POST', secrets, secret('meanwhile', 'plain to no one'));
  expect((await plane.ok('GET', `${secrets}/before`)).data).toEqual({ value: 'cGxhaW4gdG8gbm8gb25l' });
  for (const { rewritten } of await rotations) expect(rewritten).toBeGreaterThan(0);
  expect(await currentKey()).not.toBe(old);
  await plane.ok('PUT', `${secrets}/before`, secret('before', 'changed'));
  for (const [name, value] of [['before', 'changed'], ['meanwhile', 'plain to no one']] as const) {
    expect((await plane.ok('GET', `${secrets}/${name}`)).data).toEqual({ value: Buffer.from(value).toString('base64') });
  }
  // The watch goes on, and hears of what clients did, not of the rotation.
  await eventually(() => expect(watch.events.map(({ type, object }) => `${type} ${object.metadata.name}`).filter((line) => /before|meanwhile/.test(line)))
    .toEqual(['ADDED before', 'ADDED meanwhile', 'MODIFIED before']));
  watch.close();
  expect(await filesWith('plain to no one')).toEqual([]);
  expect(await filesWith(old)).toEqual([]);
});

it('lets administrators only rotate keys', async () => {
  const { code } = await plane.call('POST', '/bramble/secrets/rotate', undefined, { 'Impersonate-User': 'somebody' });
  expect(code).toBe(403);
});
