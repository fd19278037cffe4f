// `node scripts/resolve-stack.js < FILE`: stack traces of the bundles in dist/, as a crashed part leaves them in its log, with the
// places in the sources behind them. The bundles must be those that ran.
import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { basename, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const maps = new Map();

function mapOf(file) {
  if (!maps.has(file)) {
    const path = join(dist, `${basename(file)}.map`);
    maps.set(file, existsSync(path) ? new SourceMap(JSON.parse(readFileSync(path, 'utf8'))) : undefined);
  }
  return maps.get(file);
}

/** `dist/server-X.js:1:2345` → `control-plane/server.ts:67:8` */
function resolve(place, file, line, column) {
  const entry = mapOf(file)?.findEntry(Number(line) - 1, Number(column) - 1);
  return entry?.originalSource ? `${normalize(join('dist', entry.originalSource))}:${entry.originalLine + 1}:${entry.originalColumn + 1}` : place;
}

process.stdout.write(readFileSync(0, 'utf8').replace(/(?:file:\/\/)?[^\s()]*\/dist\/([\w.-]+\.js):(\d+):(\d+)/g, resolve));
