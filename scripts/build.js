// Bundles the product into dist/: one entry, one chunk per part, so that each process loads only its own code.
import { rmSync, writeFileSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { sourceStamp } from './source-stamp.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

rmSync(join(root, 'dist'), { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: { bramble: 'provisioning/main.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
  // The native LevelDB addon finds its binary beside itself.
  external: ['level', 'classic-level'],
  define: { 'process.env.BRAMBLE_VERSION': JSON.stringify(version) },
  banner: {
    js: "import { createRequire as brambleCreateRequire } from 'node:module'; const require = brambleCreateRequire(import.meta.url);"
      + " import { dirname as brambleDirname } from 'node:path'; import { fileURLToPath as brambleFileURLToPath } from 'node:url';"
      + ' const __filename = brambleFileURLToPath(import.meta.url); const __dirname = brambleDirname(__filename);',
  },
});
writeFileSync(join(root, 'dist', 'stamp'), sourceStamp(root));
