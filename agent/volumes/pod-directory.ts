/**
 * Where a pod keeps its files on the board:
 *
 *   <dataDir>/pods/<uid>/volumes/<plugin>/<volume>      volumes, as kubelet names them (kubernetes.io~empty-dir)
 *   <dataDir>/pods/<uid>/volume-subpaths/...            bind mounts of subPaths
 *   <dataDir>/pods/<uid>/containers/<name>/...          termination logs
 *   <dataDir>/pods/<uid>/etc-hosts
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** A uid of the API, and of nothing that could leave the directory. */
const uidPattern = /^[a-zA-Z0-9](?:[-a-zA-Z0-9]{0,126}[a-zA-Z0-9])?$/;

export function isPodUid(text: string): boolean {
  return uidPattern.test(text);
}

export function podsDirectory(dataDir: string): string {
  return join(dataDir, 'pods');
}

/** @throws RangeError when the uid could not be a directory name of ours. */
export function podDirectory(dataDir: string, uid: string): string {
  if (!isPodUid(uid)) throw new RangeError(`not a pod uid: ${JSON.stringify(uid)}`);
  return join(podsDirectory(dataDir), uid);
}

/** Creates the pod's directory (0750). @returns its path. */
export async function ensurePodDirectory(dataDir: string, uid: string): Promise<string> {
  const directory = podDirectory(dataDir, uid);
  await mkdir(directory, { recursive: true, mode: 0o750 });
  return directory;
}
