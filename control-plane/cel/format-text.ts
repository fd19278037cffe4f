/** `"%s has %d".format([...])`, as CEL's string extension has it. */
import { CelEvaluationError } from './program.ts';
import { CelMap, formatDuration, formatTimestamp, Duration, isList, Opaque, Timestamp, TypeValue, Uint } from './values.ts';

export function formatText(text: string, values: readonly unknown[], charge: (cost: number) => void): string {
  let next = 0;
  const result = text.replace(/%(?:(%)|(?:\.(\d+))?([sdfexXob]))|%/g, (all, percent: string | undefined, precision: string | undefined, verb: string | undefined) => {
    if (percent) return '%';
    if (verb === undefined) throw new CelEvaluationError(`could not parse formatting clause: unrecognized formatting clause "${all}"`);
    if (next >= values.length) throw new CelEvaluationError(`index ${next} out of range`);
    return formatOne(values[next++], verb, precision === undefined ? undefined : Math.min(Number(precision), 100));
  });
  charge(Math.ceil(result.length * 0.1));
  return result;
}

function formatOne(value: unknown, verb: string, precision: number | undefined): string {
  if (verb === 's') return textOf(value);
  const number = value instanceof Uint ? value.value : value;
  switch (verb) {
    case 'd': if (typeof number === 'bigint') return String(number); break;
    case 'f': if (typeof number === 'number') return number.toFixed(precision ?? 6); break;
    case 'e': if (typeof number === 'number') return number.toExponential(precision ?? 6).replace(/e([+-])(\d)$/, 'e$10$2'); break;
    case 'b':
      if (typeof number === 'boolean') return number ? '1' : '0';
      if (typeof number === 'bigint') return number.toString(2);
      break;
    case 'o': if (typeof number === 'bigint') return number.toString(8); break;
    default: {
      const hexadecimal = typeof number === 'bigint' ? number.toString(16) : typeof number === 'string' ? Buffer.from(number).toString('hex') : number instanceof Uint8Array ? Buffer.from(number).toString('hex') : undefined;
      if (hexadecimal !== undefined) return verb === 'X' ? hexadecimal.toUpperCase() : hexadecimal;
    }
  }
  throw new CelEvaluationError(`error during formatting: %${verb} clause cannot take this value`);
}

function textOf(value: unknown): string {
  if (value === null) return 'null';
  if (isList(value)) return `[${Array.from({ length: value.size }, (_, index) => textOf(value.at(index))).join(', ')}]`;
  if (value instanceof CelMap) return `{${[...value.keys()].map((key) => `${textOf(key)}: ${textOf(value.get(key))}`).sort().join(', ')}}`;
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatDuration(value);
  if (value instanceof TypeValue) return value.name;
  if (value instanceof Opaque) return String(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  return typeof value === 'string' ? value : `${value as number | bigint | boolean}`;
}
