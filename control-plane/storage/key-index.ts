/**
 * Keys in order, one sorted array per kind, so that a list touches only keys of its kind and a new key moves only
 * pointers. Order is that of UTF-16 code units, which for Kubernetes names (ASCII) is also LevelDB's.
 */
export class KeyIndex {
  /** Kind prefix (`core/pods/`) → its keys, sorted. Kinds without keys have no entry. */
  private readonly kinds = new Map<string, string[]>();

  /** Quick when keys come in order. Adding a key that is there changes nothing. */
  add(key: string): void {
    const kind = kindPrefix(key);
    const keys = this.kinds.get(kind);
    if (!keys) {
      this.kinds.set(kind, [key]);
      return;
    }
    if (keys[keys.length - 1]! < key) {
      keys.push(key);
      return;
    }
    const at = firstNotBelow(keys, key);
    if (keys[at] !== key) keys.splice(at, 0, key);
  }

  delete(key: string): void {
    const kind = kindPrefix(key);
    const keys = this.kinds.get(kind);
    if (!keys) return;
    const at = firstNotBelow(keys, key);
    if (keys[at] !== key) return;
    keys.splice(at, 1);
    if (keys.length === 0) this.kinds.delete(kind);
  }

  /** Keys with the prefix and greater than `after`, sorted: a view of `[from, to)` in an array that must not be changed. */
  range(prefix: string, after = ''): { keys: readonly string[]; from: number; to: number } {
    const keys = this.keysOf(prefix);
    const start = after > prefix ? firstNotBelow(keys, `${after}\0`) : firstNotBelow(keys, prefix);
    return { keys, from: start, to: Math.max(start, firstPast(keys, prefix)) };
  }

  private keysOf(prefix: string): readonly string[] {
    const kind = kindPrefix(prefix);
    if (kind !== '') return this.kinds.get(kind) ?? [];
    // A prefix wider than a kind: rare (garbage collection, export), so merging on demand is good enough.
    return [...this.kinds.entries()].filter(([name]) => name.startsWith(prefix) || prefix.startsWith(name)).flatMap(([, keys]) => keys).sort(inOrder);
  }
}

/** `core/pods/` of `core/pods/default/web`; '' when there are not two slashes. */
export function kindPrefix(key: string): string {
  const first = key.indexOf('/');
  const second = first < 0 ? -1 : key.indexOf('/', first + 1);
  return key.slice(0, second + 1);
}

/** Order of UTF-16 code units. */
export function inOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function firstNotBelow(keys: readonly string[], bound: string): number {
  return partition(keys, (key) => key < bound);
}

/** Index of the first key beyond all that start with the prefix. */
function firstPast(keys: readonly string[], prefix: string): number {
  return partition(keys, (key) => key < prefix || key.startsWith(prefix));
}

/** Index of the first key for which `before` is false; it must be true for all keys in front of it. */
function partition(keys: readonly string[], before: (key: string) => boolean): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (before(keys[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}
