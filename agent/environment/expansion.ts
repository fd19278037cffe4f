/**
 * `$(NAME)` references in environment values, commands, arguments and subPathExpr: `$$` is a dollar sign, a reference
 * without closing bracket stays as it is. Follows the rules of Kubernetes' third_party/forked/golang/expansion.
 */

/** @param resolve gives the text for a name. */
export function expand(text: string, resolve: (name: string) => string): string {
  let result = '';
  let position = 0;
  for (;;) {
    const dollar = text.indexOf('$', position);
    if (dollar < 0 || dollar + 1 >= text.length) return result + text.slice(position);
    result += text.slice(position, dollar);
    const next = text[dollar + 1]!;
    const close = next === '(' ? text.indexOf(')', dollar + 2) : -1;
    if (close >= 0) {
      result += resolve(text.slice(dollar + 2, close));
      position = close + 1;
    } else {
      result += next === '$' ? '$' : `$${next}`;
      position = dollar + 2;
    }
  }
}

/** Resolves from the first map that has the name; an unknown reference stays as written. */
export function resolveFrom(...sources: readonly ReadonlyMap<string, string>[]): (name: string) => string {
  return (name) => {
    for (const source of sources) {
      const value = source.get(name);
      if (value !== undefined) return value;
    }
    return `$(${name})`;
  };
}

/** Expands a container's command or args with its finished environment. */
export function expandCommand(command: readonly string[] | undefined, environment: ReadonlyMap<string, string>): string[] | undefined {
  const resolve = resolveFrom(environment);
  return command?.map((word) => expand(word, resolve));
}
