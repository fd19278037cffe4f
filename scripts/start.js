// `npm start`: sets up what is missing, then runs `bramble up` with the arguments given.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { prepare, root } from './prepare.js';

prepare();
const child = spawn(process.execPath, [join(root, 'bin', 'bramble.js'), 'up', ...process.argv.slice(2)], { stdio: 'inherit' });
// The terminal sends Ctrl-C to the whole group, a supervisor sends SIGTERM to this process alone.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code, signal) => process.exit(signal ? 1 : code ?? 1));
