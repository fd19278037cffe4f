/**
 * Many boards in one process, without Docker: they register, send heartbeats, and report every pod they are given as
 * running. Started by boards.ts: argv is the directory of their credentials files, one per board.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
// eslint-disable-next-line no-restricted-imports -- a fleet cannot be simulated through the public faces
import { SimulatedBoard, runningStatus } from '../../control-plane/testing/simulated-board.ts';

const heartbeatMs = 10_000;
const lookMs = 100;
const connectTogether = 20;

const directory = process.argv[2]!;
const files = readdirSync(directory);
const running = new Map<SimulatedBoard, Set<string>>();
let reported = 0;

async function reportNewPods(board: SimulatedBoard, known: Set<string>, index: number): Promise<void> {
  const fresh = board.pods().filter(({ metadata }) => !known.has(metadata?.uid ?? ''));
  if (fresh.length === 0) return;
  for (const { metadata } of fresh) known.add(metadata?.uid ?? '');
  try {
    await board.report({ pods: fresh.map((pod, number) => board.reportOf(pod, { status: runningStatus(pod, `198.19.${index >> 8}.${(index + number) & 255}`) })) });
    reported += fresh.length;
  } catch {
    // Too late under load: as a real board does, again.
    for (const { metadata } of fresh) known.delete(metadata?.uid ?? '');
  }
}

for (let start = 0; start < files.length; start += connectTogether) {
  await Promise.all(files.slice(start, start + connectTogether).map(async (file) => {
    const board = await SimulatedBoard.connect(join(directory, file));
    await board.register();
    running.set(board, new Set());
  }));
}
process.send?.({ ready: true });

let turn = 0;
const boards = [...running];
setInterval(() => {
  // Heartbeats are spread over their period, as those of a real fleet are.
  const perTurn = Math.ceil(boards.length / (heartbeatMs / lookMs));
  for (let index = 0; index < perTurn; index++) boards[(turn * perTurn + index) % boards.length]![0].heartbeat();
  turn += 1;
  for (const [index, [board, known]] of boards.entries()) void reportNewPods(board, known, index);
  process.send?.({ reported });
}, lookMs);
process.on('disconnect', () => process.exit(0));
