/** `format.dns1123Label().validate(self)`: named formats of texts. Source: k8s.io/apiserver/pkg/cel/library/format.go. */
import { hasFormat } from '../custom-resources/formats.ts';
import { asPrefix, dns1035Label, dnsLabel, dnsSubdomain, labelValue, qualifiedName } from '../registry/validation/names.ts';
import type { Charge, Overload } from './functions.ts';
import { listOf, opaque, optionalOf, string } from './types.ts';
import { List, none, Opaque, Optional } from './values.ts';

type Check = (text: string) => string[];

const typeName = 'kubernetes.NamedFormat';
const namedFormat = opaque(typeName);
/** What the pattern of a format counts as, whatever it is really. Cost units for each unit of the text. */
const patternCost = 32;

const named = (format: string, why: string): Check => (text) => (hasFormat(text, format) ? [] : [why]);

const checks: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['dns1123Label', dnsLabel], ['dns1123Subdomain', dnsSubdomain], ['dns1035Label', dns1035Label], ['qualifiedName', qualifiedName], ['labelValue', labelValue],
  ['dns1123LabelPrefix', asPrefix(dnsLabel)], ['dns1123SubdomainPrefix', asPrefix(dnsSubdomain)], ['dns1035LabelPrefix', asPrefix(dns1035Label)],
  ['uri', (text) => (hasFormat(text, 'uri') ? [] : [`parse ${JSON.stringify(text)}: invalid URI for request`])],
  ['uuid', named('uuid', 'does not match the UUID format')], ['byte', named('byte', 'invalid base64')],
  ['date', named('date', 'invalid date')], ['datetime', named('datetime', 'invalid datetime')],
]);

const overloads: ReadonlyMap<string, readonly Overload[]> = new Map<string, readonly Overload[]>([
  ...[...checks.keys()].map((name): [string, Overload[]] => [`format.${name}`, [{ member: false, parameters: [], result: namedFormat, call: () => new Opaque(typeName, name) }]]),
  ['format.named', [{
    member: false, parameters: [string], result: optionalOf(namedFormat),
    call: ([name]) => (checks.has(name!) ? new Optional(true, new Opaque(typeName, name)) : none),
  }]],
  ['validate', [{ member: true, parameters: [namedFormat, string], result: optionalOf(listOf(string)), call: (values, charge) => validate(values as unknown as [Opaque, string], charge) }]],
]);

export function formatOverloads(name: string): readonly Overload[] {
  return overloads.get(name) ?? [];
}

/** @returns none for a text that is as it should be, else an optional list of what is wrong. */
function validate([format, text]: readonly [Opaque, string], charge: Charge): Optional {
  charge(Math.ceil(text.length * 0.1) * patternCost);
  const problems = checks.get(format.value as string)!(text);
  return problems.length === 0 ? none : new Optional(true, new List(problems));
}
