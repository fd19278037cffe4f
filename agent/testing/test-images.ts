/**
 * Images for tests, made of programs of this machine and the libraries they need: no registry is asked. Debian's static
 * busybox will not do (static glibc crashes in its resolver).
 */
import { execFile } from 'node:child_process';
import { lstat, readFile, realpath } from 'node:fs/promises';
import { promisify } from 'node:util';
import { pack } from 'tar-stream';
import type { DockerClient } from '../docker/docker-client.ts';
import { isNotFound } from '../docker/errors.ts';

const run = promisify(execFile);

export interface TestImage {
  /** `repository:tag` */
  name: string;
  changes: readonly string[];
  archive: () => Promise<NodeJS.ReadableStream>;
}

/** A shell and the usual small tools. Needs the package busybox. Stops at SIGTERM only if its command does. */
export const busyboxImage: TestImage = { name: 'bramble-test/busybox:1', changes: ['CMD ["/bin/sh"]', 'ENV PATH=/bin'], archive: busyboxArchive };

/** The Node that runs the tests, as `/bin/node`, and busybox's tools. */
export const nodeImage: TestImage = { name: 'bramble-test/node:20', changes: ['CMD ["/bin/node"]', 'ENV PATH=/bin'], archive: nodeArchive };

/** The same as busybox under another name, with a user of its own. */
export const userImage: TestImage = { name: 'bramble-test/user:1', changes: ['CMD ["/bin/sh"]', 'ENV PATH=/bin', 'USER 1000:1000'], archive: busyboxArchive };

/** Makes the image where it is missing. @returns its name. */
export async function ensureTestImage(client: Pick<DockerClient, 'inspectImage' | 'importImage'>, image: TestImage): Promise<string> {
  try {
    await client.inspectImage(image.name);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const [repository = '', tag = ''] = image.name.split(':');
    await client.importImage(await image.archive() as never, { repository, tag, changes: image.changes });
  }
  return image.name;
}

type Archive = ReturnType<typeof pack>;

async function busyboxArchive(): Promise<NodeJS.ReadableStream> {
  const archive = pack();
  await addBase(archive);
  archive.finalize();
  return archive as unknown as NodeJS.ReadableStream;
}

async function nodeArchive(): Promise<NodeJS.ReadableStream> {
  const archive = pack();
  const files = await addBase(archive);
  // Not awaited before the archive is read: the program is bigger than any buffer.
  const rest = addProgram(archive, process.execPath, 'bin/node', files);
  rest.then(() => archive.finalize(), (error: unknown) => archive.destroy(error as Error));
  return archive as unknown as NodeJS.ReadableStream;
}

async function addBase(archive: Archive): Promise<Set<string>> {
  const files = new Set<string>();
  const busybox = await findBusybox();
  await addProgram(archive, busybox, 'bin/busybox', files);
  const { stdout } = await run(busybox, ['--list']);
  for (const applet of stdout.split('\n').filter((name) => name !== '' && name !== 'busybox')) {
    archive.entry({ name: `bin/${applet}`, type: 'symlink', linkname: 'busybox' });
  }
  archive.entry({ name: 'etc/passwd' }, 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n');
  archive.entry({ name: 'etc/group' }, 'root:x:0:\nuser:x:1000:\nnogroup:x:65534:\n');
  archive.entry({ name: 'etc/nsswitch.conf' }, 'hosts: files dns\n');
  archive.entry({ name: 'tmp/', type: 'directory', mode: 0o1777 });
  archive.entry({ name: 'root/', type: 'directory', mode: 0o700 });
  return files;
}

async function findBusybox(): Promise<string> {
  for (const path of ['/usr/bin/busybox', '/bin/busybox']) {
    if (await lstat(path).then(() => true, () => false)) return path;
  }
  throw new Error('the package busybox is not installed');
}

/** Adds a program under a name, and its libraries under theirs. */
async function addProgram(archive: Archive, path: string, name: string, files: Set<string>): Promise<void> {
  const program = await realpath(path);
  await addFile(archive, program, name);
  const { stdout } = await run('ldd', [program]);
  for (const [library] of stdout.matchAll(/\/\S+/g)) {
    if (files.has(library)) continue;
    files.add(library);
    await addFile(archive, await realpath(library), library.slice(1));
  }
}

async function addFile(archive: Archive, path: string, name: string): Promise<void> {
  const content = await readFile(path);
  archive.entry({ name, mode: 0o755 }, content);
}
