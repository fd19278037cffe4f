/** Auditing as the options of the control plane have it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import { AuditLog } from './audit-log.ts';
import { parseAuditPolicy } from './audit-policy.ts';
import type { AuditOptions } from './auditor.ts';

const defaultMaxMegabytes = 100;
const defaultMaxBackups = 10;

export interface OpenAuditOptions {
  policyFile: string;
  /** Default: log/audit.log in the data directory. */
  logPath: string | undefined;
  /** Of one file. Default 100. */
  maxMegabytes?: number | undefined;
  /** Full files kept. Default 10. */
  maxBackups?: number | undefined;
  dataDir: string;
  clock: Clock;
  logger: Logger;
  newId: () => string;
}

/** @throws when the policy file cannot be read or says nothing usable. */
export async function openAudit({ policyFile, logPath, maxMegabytes = defaultMaxMegabytes, maxBackups = defaultMaxBackups, dataDir, clock, logger, newId }: OpenAuditOptions): Promise<{ audit: AuditOptions; stop: () => Promise<void> }> {
  const { parseDocument } = await import('../../api/decode/yaml-library.ts');
  const policy = parseAuditPolicy(parseDocument(await readFile(policyFile, 'utf8')).toJS() as unknown);
  const log = new AuditLog({ path: logPath ?? join(dataDir, 'log', 'audit.log'), maxBytes: maxMegabytes * 1024 * 1024, maxBackups, clock, logger });
  return { audit: { policy, log, clock, newId }, stop: () => log.flush() };
}
