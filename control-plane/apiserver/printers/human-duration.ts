/** Ages as kubectl shows them. Follows k8s.io/apimachinery/pkg/util/duration. */

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

/** At most two units, fewer digits the longer it is: `45s`, `3m20s`, `47m`, `5h12m`, `33h`, `6d4h`, `300d`, `2y30d`. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000);
  // Clocks of boards differ a little; one second in the future is now.
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 2 * minute) return `${seconds}s`;
  if (seconds < 10 * minute) return pair(seconds, minute, 'm', 1, 's');
  if (seconds < 3 * hour) return `${whole(seconds, minute)}m`;
  if (seconds < 8 * hour) return pair(seconds, hour, 'h', minute, 'm');
  if (seconds < 2 * day) return `${whole(seconds, hour)}h`;
  if (seconds < 8 * day) return pair(seconds, day, 'd', hour, 'h');
  if (seconds < 2 * year) return `${whole(seconds, day)}d`;
  if (seconds < 8 * year) return pair(seconds, year, 'y', day, 'd');
  return `${whole(seconds, year)}y`;
}

function whole(seconds: number, unit: number): number {
  return Math.floor(seconds / unit);
}

function pair(seconds: number, unit: number, name: string, minor: number, minorName: string): string {
  const rest = whole(seconds % unit, minor);
  return rest === 0 ? `${whole(seconds, unit)}${name}` : `${whole(seconds, unit)}${name}${rest}${minorName}`;
}

/** @param time RFC 3339; undefined gives `<unknown>`. */
export function age(time: string | undefined, now: number): string {
  if (time === undefined) return '<unknown>';
  const since = Date.parse(time);
  return Number.isNaN(since) ? '<unknown>' : humanDuration(now - since);
}
