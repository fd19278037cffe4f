/**
 * Rules for names and other short texts: each says what is wrong, or nothing. Wording and limits of
 * k8s.io/apimachinery/pkg/util/validation.
 */
const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;
const label1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const qualified = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const value = `(${qualified})?`;

export type Rule = (text: string) => string[];

function regexMessage(message: string, regex: string, ...examples: string[]): string {
  return `${message} (e.g. ${examples.map((example) => `'${example}', `).join(' or ')}regex used for validation is '${regex}')`;
}

/** Kubernetes counts bytes everywhere; what it calls them depends on which of its two libraries checks. */
export function tooLongMessage(limit: number, unit: 'characters' | 'bytes' = 'characters'): string {
  return `must be no more than ${limit} ${unit}`;
}

function patternRule(regex: string, limit: number, message: string, unit?: 'characters' | 'bytes'): Rule {
  const pattern = new RegExp(`^(?:${regex})$`);
  return (text) => {
    // The length first: a pattern is not tried on a text of any length.
    if (Buffer.byteLength(text) > limit) return text.length <= 4 * limit && !pattern.test(text) ? [tooLongMessage(limit, unit), message] : [tooLongMessage(limit, unit)];
    return pattern.test(text) ? [] : [message];
  };
}

export const dnsLabel = patternRule(label, 63, regexMessage(
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character", label, 'my-name', '123-abc'));

const subdomainMessage = regexMessage(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character", subdomain, 'example.com');
export const dnsSubdomain = patternRule(subdomain, 253, subdomainMessage);
const keyPrefix = patternRule(subdomain, 253, subdomainMessage, 'bytes');

export const dns1035Label = patternRule(label1035, 63, regexMessage(
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character", label1035, 'my-name', 'abc-123'));

export const labelValue = patternRule(value, 63, regexMessage(
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character", value, 'MyValue', 'my_value', '12345'), 'bytes');

const qualifiedMessage = regexMessage(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character", qualified, 'MyName', 'my.name', '123-abc');
const namePart = new RegExp(`^(?:${qualified})$`);

/** `example.com/MyName`: keys of labels and annotations, conditions, finalizers, resources. */
export function qualifiedName(text: string): string[] {
  const parts = text.split('/');
  const problems: string[] = [];
  if (parts.length > 2) return [`a qualified name ${qualifiedMessage} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  const name = parts.at(-1)!;
  if (parts.length === 2) {
    if (parts[0] === '') problems.push('prefix part must be non-empty');
    else problems.push(...keyPrefix(parts[0]!).map((problem) => `prefix part ${problem}`));
  }
  if (name === '') problems.push('name part must be non-empty');
  else if (name.length > 63) problems.push(`name part ${tooLongMessage(63, 'bytes')}`);
  if (name.length > 1024 || !namePart.test(name)) problems.push(`name part ${qualifiedMessage}`);
  return problems;
}

/** A key of a ConfigMap or Secret: becomes a file name. */
export function configMapKey(text: string): string[] {
  const problems: string[] = [];
  if (text.length > 253) problems.push(tooLongMessage(253));
  if (!/^[-._a-zA-Z0-9]+$/.test(text)) {
    problems.push(regexMessage("a valid config key must consist of alphanumeric characters, '-', '_' or '.'", '[-._a-zA-Z0-9]+', 'key.name', 'KEY_NAME', 'key-name'));
  }
  if (text === '.') problems.push("must not be '.'");
  else if (text === '..') problems.push("must not be '..'");
  else if (text.startsWith('..')) problems.push("must not start with '..'");
  return problems;
}

export function environmentVariableName(text: string): string[] {
  const printable = /^[ -<>-~]+$/.test(text);
  return printable ? [] : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** A name that becomes one segment of a URL. */
export function pathSegment(text: string): string[] {
  if (text === '.' || text === '..') return [`may not be '${text}'`];
  return ['/', '%'].filter((character) => text.includes(character)).map((character) => `may not contain '${character}'`);
}

/** The name of a port (IANA service name). */
export function portName(text: string): string[] {
  const problems: string[] = [];
  if (text.length > 15) problems.push(tooLongMessage(15));
  if (!/^[-a-z0-9]+$/.test(text)) problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(text)) problems.push('must contain at least one letter (a-z)');
  if (text.includes('--')) problems.push('must not contain consecutive hyphens');
  if (text.startsWith('-') || text.endsWith('-')) problems.push('must not begin or end with a hyphen');
  return problems;
}

/** What a controller makes names from, with `-xxxxx` behind it: checked as the name will be. */
export function asPrefix(rule: Rule): Rule {
  return (text) => rule(text.endsWith('-') ? `${text.slice(0, -1)}a` : text);
}
