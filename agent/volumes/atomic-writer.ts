/**
 * Writes a set of files so that a reader sees all of the old or all of the new ones. Same layout as the kubelet's
 * (pkg/volume/util/atomic_writer.go), which programs that watch for changes know:
 *
 *   ..2026_11_21_07_39_00.x7Ab3c/key     the files
 *   ..data -> ..2026_11_21_07_39_00.x7Ab3c     swapped by rename
 *   key -> ..data/key
 */
import { chmod, chown, lstat, mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** File name, possibly with directories, → what it holds and whose it is: root's where nothing is said. */
export type FilePayload = ReadonlyMap<string, { data: Buffer; mode: number; owner?: number }>;

const dataLink = '..data';
const newDataLink = '..data_tmp';
const maxPathLength = 4096;
const maxNameLength = 255;

export interface AtomicWriteOptions {
  /** Milliseconds since the epoch, for the directory's name. */
  now: number;
  /** Group that must be able to read (fsGroup). */
  group: number | undefined;
}

/**
 * Brings the files of a directory up to the payload.
 * @returns whether anything was written.
 * @throws RangeError for a path that leaves the directory; nothing was written then.
 */
export async function writeAtomically(directory: string, payload: FilePayload, options: AtomicWriteOptions): Promise<boolean> {
  for (const path of payload.keys()) checkPath(path);
  const wanted = options.group === undefined ? payload : groupReadable(payload);
  const current = await currentDirectory(directory);
  if (current !== undefined && await holds(join(directory, current), wanted)) {
    await linkNames(directory, wanted);
    return false;
  }
  const created = await writeFiles(directory, wanted, options);
  await rm(join(directory, newDataLink), { force: true });
  await symlink(created, join(directory, newDataLink));
  await rename(join(directory, newDataLink), join(directory, dataLink));
  await linkNames(directory, wanted);
  await removeStale(directory, created, wanted);
  return true;
}

/** @throws RangeError as the kubelet's validatePath fails. */
export function checkPath(path: string): void {
  if (path === '') throw new RangeError('invalid path: must not be empty');
  if (path.startsWith('/')) throw new RangeError(`invalid path: must be relative path: ${path}`);
  if (path.length > maxPathLength) throw new RangeError(`invalid path: must be less than or equal to ${maxPathLength} characters`);
  for (const part of path.split('/')) {
    if (part === '..') throw new RangeError(`invalid path: must not contain '..': ${path}`);
    if (Buffer.byteLength(part) > maxNameLength) throw new RangeError(`invalid path: filenames must be less than or equal to ${maxNameLength} characters`);
    if (part.includes('\0')) throw new RangeError('invalid path: must not contain NUL');
  }
  if (path.startsWith('..') && path.length > 2) throw new RangeError(`invalid path: must not start with '..': ${path}`);
}

function groupReadable(payload: FilePayload): FilePayload {
  return new Map([...payload].map(([path, file]) => [path, { ...file, mode: file.mode | 0o440 }]));
}

async function currentDirectory(directory: string): Promise<string | undefined> {
  try {
    return await readlink(join(directory, dataLink));
  } catch {
    // No link: nothing was written yet.
    return undefined;
  }
}

async function holds(directory: string, payload: FilePayload): Promise<boolean> {
  const present = await listFiles(directory);
  if (present === undefined || present.length !== new Set([...payload.keys()].map(normalized)).size) return false;
  for (const [path, file] of payload) {
    if (!present.includes(normalized(path))) return false;
    const full = join(directory, path);
    const { mode, uid } = await lstat(full);
    if ((mode & 0o777) !== file.mode || (file.owner !== undefined && uid !== file.owner) || !file.data.equals(await readFile(full))) return false;
  }
  return true;
}

function normalized(path: string): string {
  return path.split('/').filter((part) => part !== '' && part !== '.').join('/');
}

/** Undefined when the directory is not there. */
async function listFiles(directory: string): Promise<string[] | undefined> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** @returns the name of the new directory. */
async function writeFiles(directory: string, payload: FilePayload, options: AtomicWriteOptions): Promise<string> {
  const created = await mkdtemp(join(directory, `${directoryPrefix(options.now)}.`));
  await chmod(created, 0o755);
  const directories = new Set([created]);
  for (const [path, file] of payload) {
    const full = join(created, path);
    const parent = dirname(full);
    if (!directories.has(parent)) {
      await mkdir(parent, { recursive: true, mode: 0o755 });
      for (let each = parent; each.length > created.length; each = dirname(each)) directories.add(each);
    }
    await writeFile(full, file.data, { mode: 0o600 });
    await chmod(full, file.mode);
    if (options.group !== undefined || file.owner !== undefined) await chown(full, file.owner ?? 0, options.group ?? 0);
  }
  if (options.group !== undefined) {
    for (const each of directories) {
      await chown(each, 0, options.group);
      await chmod(each, 0o2755);
    }
  }
  return created.slice(directory.length + 1);
}

/** `..2026_11_21_07_39_00` */
function directoryPrefix(now: number): string {
  return `..${new Date(now).toISOString().slice(0, 19).replaceAll(/[-T:]/g, '_')}`;
}

function visibleNames(payload: FilePayload): Set<string> {
  return new Set([...payload.keys()].map((path) => normalized(path).split('/')[0]!));
}

async function linkNames(directory: string, payload: FilePayload): Promise<void> {
  for (const name of visibleNames(payload)) {
    try {
      await symlink(join(dataLink, name), join(directory, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** Takes away names that are no longer there, the previous files, and what a crash left. */
async function removeStale(directory: string, current: string, payload: FilePayload): Promise<void> {
  const names = visibleNames(payload);
  for (const entry of await readdir(directory)) {
    if (entry === current || entry === dataLink || names.has(entry)) continue;
    await rm(join(directory, entry), { recursive: true, force: true });
  }
}
