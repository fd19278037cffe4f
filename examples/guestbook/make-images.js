// Makes the guest book's images without a registry: the machine's own node and redis-server with the libraries they load,
// imported into Docker. Usage: node examples/guestbook/make-images.js [unix:///path/to/docker.sock]
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const dataDir = process.env.BRAMBLE_DATA_DIR ?? '/var/lib/bramble';

function findSocket() {
  const named = process.argv[2] ?? process.env.BRAMBLE_DOCKER_HOST ?? process.env.DOCKER_HOST;
  if (named) return named.replace(/^unix:\/\//, '');
  return [join(dataDir, 'run', 'docker.sock'), '/var/run/docker.sock'].find((path) => existsSync(path))
    ?? fail('no Docker socket found; start the cluster first, or name the socket: unix:///path');
}

function fail(message) {
  process.stderr.write(`make-images: ${message}\n`);
  process.exit(1);
}

/** redis-server is one program under several names, and redis-tools has it without starting a service. */
function findRedis() {
  const find = () => ['/usr/bin/redis-server', '/usr/bin/redis-check-rdb', '/usr/local/bin/redis-server'].find((path) => existsSync(path));
  if (!find()) {
    process.stdout.write('installing redis-tools\n');
    const install = () => execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'redis-tools'], { stdio: 'pipe' });
    try {
      install();
    } catch {
      execFileSync('apt-get', ['update', '-qq'], { stdio: 'pipe' });
      install();
    }
  }
  return find() ?? fail("redis-server is not on this machine; 'apt-get install redis-server'");
}

/** A root file system with one program, under the given name, and the shared libraries it loads. */
function rootWith(program, target) {
  const root = mkdtempSync(join(tmpdir(), 'guestbook-image-'));
  const put = (from, to) => {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    copyFileSync(realpathSync(from), join(root, to));
  };
  put(program, target);
  const libraries = execFileSync('ldd', [program], { encoding: 'utf8' }).matchAll(/(\/\S+)\s+\(0x/g);
  for (const [, library] of libraries) put(library, library);
  for (const directory of ['tmp', 'etc', 'data', 'proc', 'sys', 'dev']) mkdirSync(join(root, directory), { recursive: true });
  return root;
}

function importImage(socketPath, root, name, changes) {
  const query = new URLSearchParams({ fromSrc: '-', repo: name.split(':')[0], tag: name.split(':')[1] });
  for (const change of changes) query.append('changes', change);
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path: `/images/create?${query}`, method: 'POST', headers: { 'content-type': 'application/x-tar' } }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk) => { body += chunk; });
      response.on('end', () => (response.statusCode === 200 && !body.includes('"error"') ? resolve() : reject(new Error(body))));
    });
    call.on('error', (error) => fail(`Docker does not answer at ${socketPath} (${error.code ?? error.message}); is the cluster started?`));
    const tar = spawn('tar', ['--numeric-owner', '--owner=0', '--group=0', '-C', root, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
    tar.on('error', reject);
    tar.stdout.pipe(call);
  });
}

async function make(socketPath, program, target, images, prepare = () => {}) {
  const root = rootWith(program, target);
  try {
    prepare(root);
    for (const [name, changes] of images) {
      await importImage(socketPath, root, name, changes);
      process.stdout.write(`made ${name}\n`);
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const socketPath = findSocket();
const webChanges = (version) => ['ENTRYPOINT ["/usr/bin/node", "/app/server.js"]', `ENV GUESTBOOK_VERSION=${version}`, 'EXPOSE 8080'];
await make(socketPath, process.execPath, '/usr/bin/node', [['guestbook-web:1', webChanges(1)], ['guestbook-web:2', webChanges(2)]], (root) => {
  cpSync(join(here, 'web'), join(root, 'app'), { recursive: true });
});
await make(socketPath, findRedis(), '/usr/bin/redis-server', [['guestbook-redis:1', ['ENTRYPOINT ["/usr/bin/redis-server"]', 'EXPOSE 6379']]]);
