import type { Stats } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import type { VolumePlugin } from '../volume-plugin.ts';

/** A path of the board itself. Checks and texts follow pkg/volume/hostpath. */
export const hostPathPlugin: VolumePlugin = {
  directory: 'kubernetes.io~host-path',
  readOnly: false,
  refreshable: false,
  supports: (volume) => volume.hostPath !== undefined,
  async setUp({ volume }) {
    const { path, type } = volume.hostPath!;
    if (!path.startsWith('/') || path.split('/').includes('..') || path.includes('\0')) {
      throw new Error(`hostPath ${path} must be an absolute path without '..'`);
    }
    await checkType(path, type ?? '');
    return path;
  },
};

const descriptions: Readonly<Record<string, string>> = {
  Directory: 'directory', File: 'file', Socket: 'socket file', CharDevice: 'character device', BlockDevice: 'block device',
};

async function checkType(path: string, type: string): Promise<void> {
  const found = await statIfThere(path);
  switch (type) {
    case '':
      // Container engines of Kubernetes make a missing path a directory.
      if (!found) await mkdir(path, { recursive: true, mode: 0o755 });
      return;
    case 'DirectoryOrCreate':
      if (!found) await mkdir(path, { recursive: true, mode: 0o755 });
      else expectType(path, found, 'Directory');
      return;
    case 'FileOrCreate':
      if (!found) await (await open(path, 'a', 0o644)).close();
      else expectType(path, found, 'File');
      return;
    default:
      if (!Object.hasOwn(descriptions, type)) throw new Error(`${type} is an invalid volume type`);
      if (!found) throw new Error(`hostPath type check failed: ${path} is not a ${descriptions[type]}`, { cause: new Error(`hostPath ${path} doesn't exist`) });
      expectType(path, found, type);
  }
}

function expectType(path: string, found: Stats, wanted: string): void {
  const actual = typeOf(found);
  if (actual !== wanted) throw new Error(`hostPath type check failed: ${path} is not a ${descriptions[wanted]}`);
}

function typeOf(found: Stats): string {
  if (found.isDirectory()) return 'Directory';
  if (found.isFile()) return 'File';
  if (found.isSocket()) return 'Socket';
  if (found.isCharacterDevice()) return 'CharDevice';
  if (found.isBlockDevice()) return 'BlockDevice';
  return 'unknown';
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
