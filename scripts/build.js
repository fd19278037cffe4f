// Bundles the product into dist/: one entry, one chunk per part, so that each process loads only its own code.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { sourceStamp } from './source-stamp.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/**
 * dockerode can reach Docker over SSH and build with BuildKit, Fastify compiles JSON schemas of routes; Bramble does none of it,
 * and the libraries for it would cost a board more memory than dockerode and Fastify themselves. Using them fails with this message.
 */
const unused = {
  name: 'unused',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(ssh2|protobufjs|@grpc\/grpc-js|@grpc\/proto-loader|@fastify\/ajv-compiler|@fastify\/fast-json-stringify-compiler)$/ }, ({ path }) => ({ path, namespace: 'unused' }));
    onLoad({ filter: /.*/, namespace: 'unused' }, ({ path }) => ({
      contents: `module.exports = new Proxy({}, { get: (_, name) => () => { throw new Error(${JSON.stringify(`${path} is not part of this build: `)} + String(name)); } });`,
    }));
  },
};

/** What /version says of the source. Without a git checkout (a release archive) the commit is a hash of the source. */
function gitFacts() {
  const git = (...args) => execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const date = new Date(git('show', '--no-patch', '--format=%cI', 'HEAD')).toISOString().replace(/\.\d+Z$/, 'Z');
    return { COMMIT: git('rev-parse', 'HEAD'), TREE_STATE: git('status', '--porcelain') === '' ? 'clean' : 'dirty', COMMIT_DATE: date };
  } catch {
    return { COMMIT: sourceStamp(root).slice(0, 40), TREE_STATE: 'archive', COMMIT_DATE: '1970-01-01T00:00:00Z' };
  }
}

rmSync(join(root, 'dist'), { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: { bramble: 'provisioning/main.ts', 'loopback-dialer': 'agent/streams/loopback-dialer/main.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
  // The native LevelDB addon finds its binary beside itself.
  mainFields: ['module', 'main'],
  external: ['level', 'classic-level'],
  plugins: [unused],
  define: Object.fromEntries(Object.entries({ VERSION: version, ...gitFacts() }).map(([name, value]) => [`process.env.BRAMBLE_${name}`, JSON.stringify(value)])),
  banner: {
    js: "import { createRequire as brambleCreateRequire } from 'node:module'; const require = brambleCreateRequire(import.meta.url);"
      + " import { dirname as brambleDirname } from 'node:path'; import { fileURLToPath as brambleFileURLToPath } from 'node:url';"
      + ' const __filename = brambleFileURLToPath(import.meta.url); const __dirname = brambleDirname(__filename);',
  },
});
// One character beyond Latin-1 makes V8 keep the whole text of a bundle with two bytes each: 2.7 MB more for the server.
for (const name of readdirSync(join(root, 'dist')).filter((file) => file.endsWith('.js'))) {
  const [found] = /[^\u0000-\u00ff]/u.exec(readFileSync(join(root, 'dist', name), 'utf8')) ?? [];
  if (found) throw new Error(`dist/${name} has the character ${JSON.stringify(found)}: write it as \\u${found.codePointAt(0).toString(16).padStart(4, '0')} (in regular expressions; esbuild escapes it in strings)`);
}
// Descriptions of the API's fields come out of a package that the product does not ship.
const extraction = await build({
  absWorkingDir: root, entryPoints: ['control-plane/apiserver/openapi/extract-descriptions.ts'], bundle: true, write: false, format: 'esm', platform: 'node', target: 'node20',
});
const { extractDescriptions } = await import(`data:text/javascript;base64,${Buffer.from(extraction.outputFiles[0].contents).toString('base64')}`);
writeFileSync(join(root, 'dist', 'descriptions.json'), JSON.stringify(extractDescriptions(join(root, 'node_modules', 'kubernetes-types', 'package.json'))));
writeFileSync(join(root, 'dist', 'stamp'), sourceStamp(root));
