/** The order of versions: v2, v1, v1beta2, v1beta1, v1alpha1, then others by name. Source: k8s.io/apimachinery/pkg/version. */

const stages: readonly string[] = ['alpha', 'beta', ''];

/** Negative when `a` comes first. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)];
  if (!left || !right) return left ? -1 : right ? 1 : a < b ? -1 : a > b ? 1 : 0;
  return right.stage - left.stage || right.major - left.major || right.minor - left.minor;
}

function parse(version: string): { stage: number; major: number; minor: number } | undefined {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  return match ? { stage: stages.indexOf(match[2] ?? ''), major: Number(match[1]), minor: Number(match[3] ?? 0) } : undefined;
}
