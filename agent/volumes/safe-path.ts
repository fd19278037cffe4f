/**
 * Opening and making paths inside a volume that its containers may change at the same time: every step goes through an
 * open directory and follows no symbolic link, so nothing outside of the volume is ever reached. Links are allowed where
 * they stay inside: they are resolved first, then the resolved path is walked. Follows the kubelet's pkg/volume/util/subpath.
 */
import { constants } from 'node:fs';
import { mkdir, open, realpath, type FileHandle } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';

/** O_PATH of Linux, which node:fs does not name: a handle on the place, without reading it (works on sockets and devices). */
const openPath = 0o10000000;
const placeFlags = openPath | constants.O_NOFOLLOW;

/** @throws RangeError with the kubelet's words when a subPath is absolute or steps back. */
export function checkSubPath(subPath: string): void {
  if (isAbsolute(subPath)) throw new RangeError(`error SubPath \`${subPath}\` must not be an absolute path`);
  if (subPath.split('/').includes('..')) throw new RangeError(`unable to provision SubPath \`${subPath}\`: must not contain '..'`);
}

/**
 * Opens what `subPath` names inside `volume`, making missing directories with `mode`.
 * @returns a handle opened with O_PATH: use it as `/proc/<pid>/fd/<fd>`, and close it.
 * @throws Error when the path leaves the volume or changes underfoot.
 */
export async function openInside(volume: string, subPath: string, mode: number): Promise<FileHandle> {
  const root = await realpath(volume);
  const { present, missing } = await split(root, subPath);
  let handle = await open(root, placeFlags | constants.O_DIRECTORY);
  try {
    for (const name of present) handle = await step(handle, name);
    for (const name of missing) {
      await makeDirectory(handle, name, mode);
      handle = await step(handle, name);
    }
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The part of the path that is there, resolved and relative to root, and the part that is not. */
async function split(root: string, subPath: string): Promise<{ present: string[]; missing: string[] }> {
  const present = partsOf(subPath);
  const missing: string[] = [];
  for (;;) {
    const resolved = await resolveIfThere(join(root, ...present));
    if (resolved !== undefined) {
      const inside = relative(root, resolved);
      if (inside === '..' || inside.startsWith('../') || isAbsolute(inside)) throw new Error(`path ${subPath} leaves the volume`);
      return { present: partsOf(inside), missing };
    }
    missing.unshift(present.pop()!);
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

async function resolveIfThere(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Opens a name in a directory, following nothing. Closes the parent on success; on failure it stays the caller's. */
async function step(parent: FileHandle, name: string): Promise<FileHandle> {
  const child = await open(placeOf(parent, name), placeFlags);
  if ((await child.stat()).isSymbolicLink()) {
    await child.close();
    throw new Error(`${name} became a symbolic link`);
  }
  await parent.close();
  return child;
}

async function makeDirectory(parent: FileHandle, name: string, mode: number): Promise<void> {
  try {
    await mkdir(placeOf(parent, name));
  } catch (error) {
    // Two containers of a pod may want the same directory at once.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return;
  }
  const made = await open(placeOf(parent, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_DIRECTORY);
  try {
    await made.chmod(mode);
  } finally {
    await made.close();
  }
}

function placeOf(parent: FileHandle, name: string): string {
  return `/proc/self/fd/${parent.fd}/${name}`;
}
