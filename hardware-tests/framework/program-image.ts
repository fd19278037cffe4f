/** Images without a registry: one program of this machine with the libraries it loads, imported into Docker. */
import { execFile, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** @param program absolute path; it has the same path in the image. */
export function importProgram(dockerHost: string, program: string, name: string): Promise<void> {
  return withProgram(program, (root) => importTree(dockerHost, root, name));
}

/** Calls back with a directory that has the program and its libraries, and removes it afterwards. */
export async function withProgram(program: string, use: (root: string) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'bramble-image-'));
  try {
    await copyProgram(program, root);
    for (const directory of ['tmp', 'etc', 'proc', 'sys', 'dev', 'var']) mkdirSync(join(root, directory), { recursive: true });
    chmodSync(join(root, 'tmp'), 0o1777);
    await use(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** With the libraries it loads. */
export async function copyProgram(program: string, root: string): Promise<void> {
  const { stdout } = await run('ldd', [program]);
  for (const file of [program, ...[...stdout.matchAll(/(\/\S+)\s+\(0x/g)].map((match) => match[1]!)]) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    copyFileSync(realpathSync(file), join(root, file));
  }
}

export interface ImageConfig {
  /** Instructions as in a Dockerfile: `ENTRYPOINT ["/bin/echo"]`, `USER 1000`. */
  changes?: readonly string[];
}

export function importTree(dockerHost: string, root: string, name: string, config: ImageConfig = {}): Promise<void> {
  const [repository = '', tag = 'latest'] = name.split(':');
  const query = new URLSearchParams({ fromSrc: '-', repo: repository, tag });
  for (const change of config.changes ?? []) query.append('changes', change);
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: dockerHost.replace(/^unix:\/\//, ''), path: `/images/create?${query.toString()}`, method: 'POST', headers: { 'content-type': 'application/x-tar' } }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => { body += text; });
      response.on('end', () => (response.statusCode === 200 && !body.includes('"error"') ? resolve() : reject(new Error(body))));
    });
    call.on('error', reject);
    const tar = spawn('tar', ['--numeric-owner', '--owner=0', '--group=0', '-C', root, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
    tar.on('error', reject);
    tar.stdout.pipe(call);
  });
}
