/** Rules for texts with a domain in them. Wording of k8s.io/apimachinery/pkg/util/validation. */
import { invalid, required, tooLong, type FieldError } from './field-errors.ts';
import { dnsLabel, dnsSubdomain, tooLongMessage } from './names.ts';

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const wildcardRegex = `\\*\\.${label}(\\.${label})*`;
const wildcardPattern = new RegExp(`^(?:${wildcardRegex})$`);
const pathRegex = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const pathPattern = new RegExp(`^${pathRegex}$`);
const maxDomainBytes = 253;

/** `*.example.com` */
export function wildcardSubdomain(text: string): string[] {
  const long = Buffer.byteLength(text) > maxDomainBytes;
  const matches = !long && wildcardPattern.test(text);
  return [
    ...(long ? [tooLongMessage(maxDomainBytes)] : []),
    ...(matches || long ? [] : [`a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '${wildcardRegex}')`]),
  ];
}

/** `acme.io/foo/bar`, not empty. */
export function domainPrefixedPath(field: string, text: string): FieldError[] {
  const slash = text.indexOf('/');
  const [host, path] = [text.slice(0, Math.max(slash, 0)), text.slice(slash + 1)];
  if (slash < 1 || path === '') return [invalid(field, text, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  const errors = dnsSubdomain(host).map((problem) => invalid(field, host, problem));
  if (!pathPattern.test(path)) errors.push(invalid(field, path, `Invalid path (regex used for validation is '${pathRegex}')`));
  return errors;
}

/** A domain of at least two labels, with or without a dot at its end: `web.example.com`. */
export function qualifiedDomain(field: string, text: string): FieldError[] {
  if (text === '') return [required(field)];
  const name = text.replace(/\.$/, '');
  const problems = dnsSubdomain(name);
  if (problems.length > 0) return [invalid(field, name, problems.join(','))];
  const labels = name.split('.');
  if (labels.length < 2) return [invalid(field, name, 'should be a domain with at least two segments separated by dots')];
  const wrong = labels.find((label) => dnsLabel(label).length > 0);
  return wrong === undefined ? [] : [invalid(field, wrong, dnsLabel(wrong).join(','))];
}

/** A domain of at least three labels: `check.policy.example.com`. */
export function fullyQualifiedName(field: string, text: string | undefined): FieldError[] {
  if (!text) return [required(field)];
  const problems = dnsSubdomain(text);
  if (problems.length > 0) return [invalid(field, text, problems.join(','))];
  return text.split('.').length < 3 ? [invalid(field, text, 'should be a domain with at least three segments separated by dots')] : [];
}

/** `example.com/signer-name`. Follows ValidateSignerName of pkg/apis/core/validation. */
export function signerName(field: string, text: string | undefined): FieldError[] {
  if (!text) return [required(field)];
  const [domain = '', path = '', ...rest] = text.split('/');
  if (!text.includes('/') || rest.length > 0) return [invalid(field, text, "must be a fully qualified domain and path of the form 'example.com/signer-name'")];
  const errors = domain.length > maxDomainBytes ? [tooLong(field, maxDomainBytes)] : [];
  const labels = domain.split('.');
  for (const part of labels) errors.push(...dnsLabel(part).map((problem) => invalid(field, domain, `validating label ${JSON.stringify(part)}: ${problem}`)));
  if (labels.length < 2) errors.push(invalid(field, domain, 'should be a domain with at least two segments separated by dots'));
  for (const part of path.split('.')) errors.push(...dnsSubdomain(part).map((problem) => invalid(field, path, `validating label ${JSON.stringify(part)}: ${problem}`)));
  const longest = maxDomainBytes + 1 + maxDomainBytes + 63 + 1;
  return text.length > longest ? [...errors, tooLong(field, longest)] : errors;
}
