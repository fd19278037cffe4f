/** `acme.io/foo`. Follows k8s.io/apimachinery/pkg/util/validation. */
import { check, invalid, required, type FieldError } from './field-errors.ts';
import { dnsSubdomain } from './names.ts';

const pathPattern = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;

export function domainPrefixedPath(text: string, field: string): FieldError[] {
  if (text === '') return [required(field)];
  const slash = text.indexOf('/');
  const [host, path] = [text.slice(0, Math.max(slash, 0)), text.slice(slash + 1)];
  if (slash < 0 || host === '' || path === '') return [invalid(field, text, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  const errors = check(field, host, dnsSubdomain);
  return pathPattern.test(path) ? errors : [...errors, invalid(field, path, "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')")];
}
