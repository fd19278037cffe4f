/** The levels that a namespace asks for in its labels. Follows k8s.io/pod-security-admission/api. */
import type { FieldError } from '../../../api/errors.ts';
import type { Labels } from '../../../api/labels.ts';

export type Level = 'privileged' | 'baseline' | 'restricted';
export type Mode = 'enforce' | 'audit' | 'warn';

export interface LevelVersion {
  readonly level: Level;
  /** Minor version of Kubernetes whose rules hold; 'latest': the newest that are known. */
  readonly version: number | 'latest';
}

export type Policy = Readonly<Record<Mode, LevelVersion>>;

const levels: readonly string[] = ['privileged', 'baseline', 'restricted'];
const modes: readonly Mode[] = ['enforce', 'audit', 'warn'];
const privileged: LevelVersion = { level: 'privileged', version: 'latest' };
export const privilegedPolicy: Policy = { enforce: privileged, audit: privileged, warn: privileged };

export function compareLevels(left: Level, right: Level): number {
  return levels.indexOf(left) - levels.indexOf(right);
}

export function sameLevelVersion(left: LevelVersion, right: LevelVersion): boolean {
  return left.level === right.level && left.version === right.version;
}

/** `restricted:latest`, `baseline:v1.28` */
export function formatLevelVersion({ level, version }: LevelVersion): string {
  return `${level}:${version === 'latest' ? 'latest' : `v1.${version}`}`;
}

/**
 * What the labels ask for, over the defaults. A level to enforce that nobody understands is taken for the strictest.
 * @param errors takes what is wrong with them.
 */
export function policyOf(labels: Labels | undefined, defaults: Policy = privilegedPolicy, errors: FieldError[] = []): Policy {
  if (!labels || !modes.some((mode) => labels[labelOf(mode)] !== undefined || labels[`${labelOf(mode)}-version`] !== undefined)) return defaults;
  const policy: Record<Mode, LevelVersion> = { ...defaults };
  for (const mode of modes) policy[mode] = { level: parseLevel(labels, mode, defaults, errors), version: parseVersion(labels, mode, defaults, errors) };
  // Whoever enforces a level wants to hear of workloads whose pods will be refused.
  const { enforce, warn } = policy;
  if (levels.includes(labels[labelOf('enforce')] ?? '') && labels[labelOf('warn')] === undefined && compareLevels(enforce.level, warn.level) > 0) {
    policy.warn = { level: enforce.level, version: labels[`${labelOf('warn')}-version`] === undefined ? enforce.version : warn.version };
  }
  return policy;
}

function labelOf(mode: Mode): string {
  return `pod-security.kubernetes.io/${mode}`;
}

function parseLevel(labels: Labels, mode: Mode, defaults: Policy, errors: FieldError[]): Level {
  const value = labels[labelOf(mode)];
  if (value === undefined) return defaults[mode].level;
  if (levels.includes(value)) return value as Level;
  errors.push(invalid(labelOf(mode), value, 'must be one of privileged, baseline, restricted'));
  return mode === 'enforce' ? 'restricted' : 'privileged';
}

function parseVersion(labels: Labels, mode: Mode, defaults: Policy, errors: FieldError[]): number | 'latest' {
  const key = `${labelOf(mode)}-version`;
  const value = labels[key];
  if (value === undefined) return defaults[mode].version;
  if (value === 'latest') return 'latest';
  const match = /^v1\.(0|[1-9]\d{0,2})$/.exec(value);
  if (match) return Number(match[1]);
  errors.push(invalid(key, value, 'must be "latest" or "v1.x"'));
  return 'latest';
}

function invalid(key: string, value: string, why: string): FieldError {
  return { reason: 'FieldValueInvalid', field: `metadata.labels[${key}]`, message: `Invalid value: ${JSON.stringify(value)}: ${why}` };
}
