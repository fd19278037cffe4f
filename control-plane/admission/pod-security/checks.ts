/**
 * The Pod Security Standards as checks: one function each, in the order in which kube-apiserver reports them. Follows
 * k8s.io/pod-security-admission/policy.
 */
import type { CheckedPod } from './pod-parts.ts';
import { baselineChecks } from './baseline-checks.ts';
import { restrictedChecks } from './restricted-checks.ts';
import type { LevelVersion } from './policy.ts';

export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

export interface Check {
  /** Minor version of Kubernetes that began to ask for it. Default 0. */
  readonly since?: number;
  /** Minor version since which a stricter check of the restricted level says it all. */
  readonly replacedSince?: number;
  /** @param minor the version whose rules hold. */
  readonly find: (pod: CheckedPod, minor: number) => Violation | undefined;
}

const newest = Number.MAX_SAFE_INTEGER;

export function findViolations({ level, version }: LevelVersion, pod: CheckedPod): Violation[] {
  if (level === 'privileged') return [];
  const minor = version === 'latest' ? newest : version;
  const checks = level === 'baseline' ? baselineChecks : [...baselineChecks.filter(({ replacedSince = Infinity }) => minor < replacedSince), ...restrictedChecks];
  return checks.flatMap(({ since = 0, find }) => (minor >= since ? find(pod, minor) ?? [] : []));
}

/** `privileged (container "a" must not set …), hostPort (…)` */
export function describeViolations(violations: readonly Violation[]): string {
  return violations.map(({ reason, detail }) => (detail ? `${reason} (${detail})` : reason)).join(', ');
}
