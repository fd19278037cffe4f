import { mkdir, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mounter } from './mounter.ts';
import { openInside } from './safe-path.ts';

export interface SubPath {
  /** Volume on the board. */
  volumePath: string;
  volumeName: string;
  containerName: string;
  /** Place in the container's volumeMounts. */
  index: number;
  subPath: string;
}

/**
 * Pins a subPath: binds what it names now to a place that containers cannot change, so that the container engine follows
 * no symbolic link of theirs. @returns that place, below `<podDirectory>/volume-subpaths`.
 */
export async function pinSubPath(podDirectory: string, want: SubPath, mounter: Mounter, processId: number): Promise<string> {
  const { mode } = await stat(want.volumePath);
  const handle = await openInside(want.volumePath, want.subPath, mode & 0o7777);
  try {
    const source = `/proc/${processId}/fd/${handle.fd}`;
    const found = await stat(source);
    const parent = join(podDirectory, 'volume-subpaths', want.volumeName, want.containerName);
    const target = join(parent, String(want.index));
    await mkdir(parent, { recursive: true, mode: 0o750 });
    for (const old of await mounter.mountPoints(target)) {
      const present = await stat(target);
      if (present.ino === found.ino && present.dev === found.dev) return target;
      await mounter.unmount(old);
    }
    if (found.isDirectory()) await mkdir(target, { recursive: true, mode: 0o750 });
    else await (await open(target, 'a', 0o640)).close();
    await mounter.bind(source, target);
    return target;
  } finally {
    await handle.close();
  }
}
