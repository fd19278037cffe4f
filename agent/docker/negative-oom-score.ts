/** Whether containers may get an oom_score_adj below 0. */
import { readFile } from 'node:fs/promises';

/** Bit of CAP_SYS_RESOURCE in the capability sets of /proc/PID/status. */
const capSysResource = 24n;

/**
 * Without the capability runc cannot lower the score, and a start that asks for it fails. The engine runs on the same board
 * with the same limits as the agent, so the agent's own bounding set tells.
 * @param processStatus text of /proc/self/status.
 */
export function mayLowerOomScore(processStatus: string): boolean {
  const bounding = /^CapBnd:\s*([0-9a-fA-F]+)/m.exec(processStatus)?.[1];
  return bounding !== undefined && ((BigInt(`0x${bounding}`) >> capSysResource) & 1n) === 1n;
}

export async function engineMayLowerOomScore(): Promise<boolean> {
  return mayLowerOomScore(await readFile('/proc/self/status', 'utf8'));
}
