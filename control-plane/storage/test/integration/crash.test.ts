/** SIGKILL at random moments under load: what was acknowledged is there, the rest is there as a whole or not at all. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../../../machinery/clock.ts';
import { silentLogger } from '../../../../machinery/logger.ts';
import { LevelStore } from '../../level/level-store.ts';
import { afterStep, readState, type WriterState } from '../../testing/crash-workload.ts';

const lives = 66;
const writers = 8;
const root = join(import.meta.dirname, '../../../..');

let parent: string;
let program: string;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'bramble-crash-'));
  program = join(parent, 'crash-child.cjs');
  await build({
    entryPoints: [join(root, 'control-plane/storage/testing/crash-child.ts')],
    bundle: true, platform: 'node', format: 'cjs', packages: 'external', outfile: program, logLevel: 'error',
  });
});

afterAll(async () => {
  await rm(parent, { recursive: true });
});

interface Life {
  /** Where it began, undefined when it was killed before. */
  openedAt: number | undefined;
  /** Last acknowledged step of each writer. */
  acknowledged: Map<number, number>;
  /** Every acknowledged revision, in the order of the acknowledgements. */
  revisions: number[];
}

/** Runs the child and kills it `killAfterMs` after its start or, `underLoad`, after its first acknowledgement. */
async function live(directory: string, first: number, killAfterMs: number, underLoad: boolean): Promise<Life> {
  const child = spawn(process.execPath, [program, directory, String(writers), String(first)], {
    env: { ...process.env, NODE_PATH: join(root, 'node_modules') }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let failure = '';
  const kill = () => setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  if (!underLoad) kill();
  child.stdout.on('data', (chunk: Buffer) => {
    const loaded = output.includes('ack');
    output += chunk.toString();
    if (underLoad && !loaded && output.includes('ack')) kill();
  });
  child.stderr.on('data', (chunk: Buffer) => { failure += chunk.toString(); });
  const signal = await new Promise((resolve) => child.on('close', (_code, received) => resolve(received)));
  expect(`${String(signal)} ${failure}`).toBe('SIGKILL ');
  return parse(output);
}

function parse(output: string): Life {
  const life: Life = { openedAt: undefined, acknowledged: new Map(), revisions: [] };
  // A line without its end was not acknowledged.
  for (const line of output.split('\n').slice(0, -1)) {
    const [kind, ...numbers] = line.split(' ');
    const [writer = 0, step = 0, ...revisions] = numbers.map(Number);
    if (kind === 'open') {
      life.openedAt = writer;
      continue;
    }
    life.acknowledged.set(writer, step);
    life.revisions.push(...revisions.filter((revision) => revision > 0));
  }
  return life;
}

test(`${lives} kills under load lose nothing acknowledged, leave no half of a commit and take no revision back`, async () => {
  const directory = join(parent, 'database');
  let before: WriterState[] = Array.from({ length: writers }, () => ({ single: undefined, left: undefined, right: undefined, shadowed: undefined }));
  let newest = 0;
  let first = 0;
  let acknowledgements = 0;
  let killedUnderLoad = 0;
  for (let number = 0; number < lives; number++) {
    // One in six is killed at any moment of its start, recovery included.
    const underLoad = number % 6 !== 0;
    const life = await live(directory, first, Math.random() * (underLoad ? 60 : 150), underLoad);
    if (life.openedAt !== undefined) expect(life.openedAt, `life ${number} begins beyond every revision before`).toBeGreaterThanOrEqual(newest);
    for (const revision of life.revisions) expect(revision).toBeGreaterThan(life.openedAt!);
    expect(new Set(life.revisions).size).toBe(life.revisions.length);
    newest = Math.max(newest, ...life.revisions);
    acknowledgements += life.revisions.length;
    if (life.revisions.length > 0) killedUnderLoad += 1;

    const store = await LevelStore.open({ directory, clock: systemClock, logger: silentLogger, revisionBlock: 64 });
    try {
      expect(store.revision, `life ${number}`).toBeGreaterThanOrEqual(newest);
      newest = store.revision;
      before = before.map((state, writer) => {
        let expected = state;
        const last = life.acknowledged.get(writer) ?? first - 1;
        for (let n = first; n <= last; n++) expected = afterStep(expected, n);
        const found = readState((key) => store.get(key), writer);
        expect([expected, afterStep(expected, last + 1)], `life ${number}, writer ${writer}, acknowledged ${last}`).toContainEqual(found);
        return found;
      });
    } finally {
      await store.close();
    }
    first = Math.max(first, ...life.acknowledged.values()) + 2;
  }
  expect(killedUnderLoad).toBeGreaterThanOrEqual(50);
  expect(acknowledgements).toBeGreaterThan(1000);
}, 120_000);
