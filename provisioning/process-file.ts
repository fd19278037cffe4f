/** A file that names a running process. A pid alone may belong to somebody else by now, so the start time is kept too. */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

interface ProcessRecord {
  pid: number;
  /** Clock ticks after boot at which it started: field 22 of /proc/PID/stat. */
  startTime: string;
}

export function writeProcessFile(path: string, pid: number): void {
  const startTime = startTimeOf(pid);
  if (startTime === undefined) return;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  renameSync(writeRecord(path, { pid, startTime }), path);
}

/** As writeProcessFile, where no other process that runs has the file. @returns the pid of the one that has it. */
export function claimProcessFile(path: string, pid: number): number | undefined {
  const startTime = startTimeOf(pid) ?? '';
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = writeRecord(path, { pid, startTime });
  try {
    for (;;) {
      try {
        linkSync(temporary, path);
        return undefined;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = runningProcess(path);
      if (holder !== undefined) return holder;
      removeProcessFile(path);
    }
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Readers see a whole record or none. @returns the path of the temporary file. */
function writeRecord(path: string, record: ProcessRecord): string {
  const temporary = `${path}.${record.pid}.new`;
  writeFileSync(temporary, JSON.stringify(record), { mode: 0o600 });
  return temporary;
}

/** @returns the pid while that very process runs, else undefined. */
export function runningProcess(path: string): number | undefined {
  let record: Partial<ProcessRecord>;
  try {
    record = JSON.parse(readFileSync(path, 'utf8')) as Partial<ProcessRecord>;
  } catch {
    return undefined; // No file, or torn by a power cut: no process of ours survives that either.
  }
  const { pid, startTime } = record;
  return typeof pid === 'number' && startTime !== undefined && startTimeOf(pid) === startTime ? pid : undefined;
}

export function removeProcessFile(path: string): void {
  rmSync(path, { force: true });
}

function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command in parentheses may hold blanks: count from behind it. A zombie no longer runs.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Sends SIGTERM, then SIGKILL after the grace period; resolves when it is gone. */
export async function endProcess(pid: number, isRunning: () => boolean, graceMs: number): Promise<void> {
  for (const [signal, waitMs] of [['SIGTERM', graceMs], ['SIGKILL', 5_000]] as const) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
      throw error;
    }
    const deadline = performance.now() + waitMs;
    while (performance.now() < deadline) {
      if (!isRunning()) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
