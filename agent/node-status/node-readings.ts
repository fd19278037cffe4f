/** What changes: memory, disk, processes. Each reading is one small file or one system call. */
import { readFile, statfs } from 'node:fs/promises';

export interface NodeReadings {
  memoryAvailableBytes: number;
  diskAvailableBytes: number;
  diskBytes: number;
  inodesFree: number;
  inodes: number;
  processes: number;
  processLimit: number;
}

export async function readNodeReadings(dataDir: string): Promise<NodeReadings> {
  const [memory, load, pidMax, threadsMax, disk] = await Promise.all([
    readFile('/proc/meminfo', 'utf8'), readFile('/proc/loadavg', 'utf8'), readFile('/proc/sys/kernel/pid_max', 'utf8'),
    readFile('/proc/sys/kernel/threads-max', 'utf8'), statfs(dataDir),
  ]);
  return {
    memoryAvailableBytes: Number(/^MemAvailable:\s+(\d+) kB/m.exec(memory)?.[1] ?? 0) * 1024,
    diskAvailableBytes: disk.bavail * disk.bsize,
    diskBytes: disk.blocks * disk.bsize,
    inodesFree: disk.ffree,
    inodes: disk.files,
    // loadavg(5): the fourth field is running/existing.
    processes: Number(/^\S+ \S+ \S+ \d+\/(\d+)/.exec(load)?.[1] ?? 0),
    processLimit: Math.min(Number(pidMax), Number(threadsMax)),
  };
}
