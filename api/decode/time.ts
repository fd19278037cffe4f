/** metav1.Time and metav1.MicroTime: RFC 3339 in, UTC out. Follows k8s.io/apimachinery/pkg/apis/meta/v1/time.go. */
const rfc3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/;

function epochMilliseconds(text: string): { milliseconds: number; fraction: string } | undefined {
  const match = rfc3339.exec(text);
  if (!match) return undefined;
  const [, local, fraction = '', zone] = match as unknown as [string, string, string?, string?];
  const naive = Date.parse(`${local}Z`);
  // Date.parse carries 30 February over into March; Kubernetes refuses it.
  if (Number.isNaN(naive) || new Date(naive).toISOString().slice(0, 19) !== local) return undefined;
  const milliseconds = zone === 'Z' ? naive : Date.parse(`${local}${zone}`);
  return Number.isNaN(milliseconds) ? undefined : { milliseconds, fraction };
}

/** @returns `2026-01-31T12:00:00Z`, cut to seconds, or undefined when the text is no RFC 3339 time. */
export function canonicalTime(text: string): string | undefined {
  const time = epochMilliseconds(text);
  return time && `${new Date(time.milliseconds).toISOString().slice(0, 19)}Z`;
}

/** @returns `2026-01-31T12:00:00.123456Z`, cut to microseconds, or undefined when the text is no RFC 3339 time. */
export function canonicalMicroTime(text: string): string | undefined {
  const time = epochMilliseconds(text);
  return time && `${new Date(time.milliseconds).toISOString().slice(0, 19)}.${time.fraction.slice(0, 6).padEnd(6, '0')}Z`;
}
