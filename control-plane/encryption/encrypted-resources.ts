/** The kinds that may be named for encryption: `secrets`, `configmaps`, `widgets.example.com`. */

export interface Encryptable {
  group: string;
  plural: string;
}

/** @throws RangeError when the text is no `plural` or `plural.group`. */
export function findResourceByName(name: string): Encryptable {
  const match = /^([a-z0-9]([-a-z0-9]*[a-z0-9])?)(?:\.([a-z0-9][-a-z0-9.]*[a-z0-9]))?$/.exec(name);
  if (!match) throw new RangeError(`${JSON.stringify(name)} names no kind; write 'secrets' or 'widgets.example.com'`);
  return { plural: match[1]!, group: match[3] ?? '' };
}
