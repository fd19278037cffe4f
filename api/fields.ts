/** Field selectors: the text form of `?fieldSelector=`. Which fields a kind offers is its strategy's business. */
import { newBadRequest } from './errors.ts';

export interface FieldRequirement {
  field: string;
  equal: boolean;
  value: string;
}

/**
 * Parses `metadata.name=a,status.phase!=Running`. Backslash escapes `,`, `=` and `\` in values.
 * @throws StatusError BadRequest.
 */
export function parseFieldSelector(text: string): FieldRequirement[] {
  // A comma after a backslash belongs to the value, unless that backslash is itself escaped.
  return (text.match(/(?:\\[^]|[^,])+/g) ?? []).map((part) => {
    const match = /!=|==?/.exec(part);
    if (!match) throw newBadRequest(`invalid selector: '${text}'; can't understand '${part}'`);
    const [operator] = match;
    return { field: part.slice(0, match.index), equal: operator !== '!=', value: withoutEscapes(part.slice(match.index + operator.length)) };
  });
}

function withoutEscapes(value: string): string {
  return value.replace(/\\([^]?)|=/gu, (sequence, escaped?: string) => {
    if (escaped === undefined) throw newBadRequest(`invalid field selector: unescaped character in value: ${sequence.codePointAt(0)}`);
    if (escaped === '' || !'\\,='.includes(escaped)) throw newBadRequest(`invalid field selector: invalid escape sequence: ${sequence}`);
    return escaped;
  });
}

export function matchesFields(requirements: readonly FieldRequirement[], fields: Readonly<Record<string, string>>): boolean {
  return requirements.every(({ field, equal, value }) => ((fields[field] ?? '') === value) === equal);
}
