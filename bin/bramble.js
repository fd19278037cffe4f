#!/usr/bin/env node
// The executable. Runs the bundle in dist/, which `npm start` and `npm run build` make.
import { existsSync } from 'node:fs';

const bundle = new URL('../dist/bramble.js', import.meta.url);
if (!existsSync(bundle)) {
  process.stderr.write("bramble: not built yet; run 'npm ci' and 'npm run build' (or 'npm start', which does both)\n");
  process.exit(1);
}
await import(bundle.href);
