// `npm test`: sets up what is missing, then type check, lint, unit, integration and cluster tests. Ends with one line:
// `N passed, N failed`. Where Docker, root or kubectl is missing it says which tests it leaves out and why; with CI=true a
// missing part is a failure.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { prepare, root } from './prepare.js';

prepare();
const ci = process.env.CI === 'true';
const reports = mkdtempSync(join(tmpdir(), 'bt-'));
// A temporary directory of their own shows what tests leave behind.
const temporary = join(reports, 't'); // short: sockets below it have at most 107 characters
mkdirSync(temporary);
const totals = { passed: 0, failed: 0 };

function onPath(program) {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((directory) => existsSync(join(directory, program)));
}

/** What each suite of tests needs, in the words of somebody who lacks it. */
const missing = [
  [process.getuid?.() !== 0, 'root (run with sudo)'],
  [!onPath('dockerd'), "dockerd ('apt-get install docker.io')"],
  [!onPath('nats-server'), "nats-server ('apt-get install nats-server')"],
  [!process.env.BRAMBLE_TEST_KUBECTL && !onPath('kubectl'), "kubectl ('apt-get install kubernetes-client')"],
  [!existsSync('/usr/lib/python3/dist-packages/kubernetes'), "Python's client ('apt-get install python3-kubernetes')"],
  [!onPath('redis-server'), "redis-server ('apt-get install redis-server')"],
].filter(([lacking]) => lacking).map(([, what]) => what);

function run(title, file, args) {
  process.stdout.write(`\n── ${title}\n`);
  const started = performance.now();
  const { status } = spawnSync(file, args, { cwd: root, stdio: 'inherit', env: { ...process.env, TMPDIR: temporary } });
  process.stdout.write(`── ${title}: ${status === 0 ? 'ok' : 'FAILED'}, ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  return status === 0;
}

function check(title, args) {
  totals[run(title, 'npx', ['--no-install', ...args]) ? 'passed' : 'failed'] += 1;
}

function suite(project) {
  const report = join(reports, `${project}.json`);
  const ok = run(`${project} tests`, 'npx', ['--no-install', 'vitest', 'run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]);
  if (!existsSync(report)) {
    totals.failed += 1;
    return;
  }
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(report, 'utf8'));
  totals.passed += numPassedTests;
  // A file that does not load, or a skipped test under CI, is a failure too, though vitest counts no failed test.
  const skipped = ci ? numPendingTests + numTodoTests : 0;
  if (skipped > 0) process.stdout.write(`${skipped} tests were skipped: under CI that is a failure\n`);
  totals.failed += numFailedTests + skipped + (!ok && numFailedTests === 0 ? 1 : 0);
}

check('type check', ['tsc', '--noEmit']);
check('lint', ['eslint', '.', '--max-warnings', '0']);
suite('unit');
if (missing.length === 0) {
  suite('integration');
  suite('hardware');
  suite('faults');
} else {
  process.stdout.write(`\nLeft out: the integration tests and the cluster tests. This machine lacks ${missing.join(', ')}.\n`);
  if (ci) totals.failed += 1;
}
const left = readdirSync(temporary).filter((name) => name.startsWith('bramble-'));
if (left.length > 0) {
  process.stdout.write(`\nLeft behind by tests: ${left.join(' ')}\n`);
  totals.failed += 1;
}
rmSync(reports, { recursive: true, force: true });
process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed\n`);
process.exit(totals.failed === 0 ? 0 : 1);
