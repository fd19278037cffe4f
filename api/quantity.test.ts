import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalQuantity, canonicalResourceAmount, compareQuantities, formatBytes, formatMilli, isQuantity, parseMilli, parseQuantity, parseUnits } from './quantity.ts';

describe('parseQuantity', () => {
  test.each([
    ['1', 1_000_000_000n], ['500m', 500_000_000n], ['1Ki', 1024_000_000_000n], ['1.5', 1_500_000_000n], ['.5', 500_000_000n],
    ['5.', 5_000_000_000n], ['2e3', 2000_000_000_000n], ['2E3', 2000_000_000_000n], ['1E', 10n ** 27n], ['-1', -1_000_000_000n],
    ['+1', 1_000_000_000n], ['0.1n', 1n], ['1e-3', 1_000_000n], ['1.5Gi', 1610612736n * 1_000_000_000n],
  ])('%s', (text, nano) => expect(parseQuantity(text)).toBe(nano));

  test.each(['', 'x', '1.2.3', '1 Mi', 'Mi', '1KI', '--1', '1e', '1mm', '0x10', '1_000'])('refuses %j', (text) => {
    expect(isQuantity(text)).toBe(false);
    expect(() => parseQuantity(text)).toThrow("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  });
});

test('conversions round up', () => {
  expect(parseMilli('0.5')).toBe(500);
  expect(parseMilli('1u')).toBe(1);
  expect(parseUnits('1Ki')).toBe(1024);
  expect(parseUnits('1500m')).toBe(2);
  expect(parseUnits('-1500m')).toBe(-1);
  expect(formatMilli(1500)).toBe('1500m');
  expect(formatMilli(2000)).toBe('2');
  expect(formatBytes(134_217_728)).toBe('128Mi');
  expect(formatBytes(1000)).toBe('1000');
  expect(formatBytes(0)).toBe('0');
});

test.each([
  ['1', '1'], ['1500m', '1500m'], ['1.0005', '1001m'], ['100u', '1m'], ['1n', '1m'], ['0.9999', '1'], ['-100u', '-1m'], ['1e-4', '1e-3'], ['0.0001Gi', '107374183m'], ['1Gi', '1Gi'], ['0', '0'],
])('a resource is counted in thousandths: %s → %s', (text, amount) => expect(canonicalResourceAmount(text)).toBe(amount));

describe('canonicalQuantity', () => {
  // The examples of k8s.io/apimachinery/pkg/api/resource.
  test.each([
    ['0', '0'], ['0.5', '500m'], ['1000m', '1'], ['1024Mi', '1Gi'], ['1.5Gi', '1536Mi'], ['0.5Gi', '512Mi'], ['1Ki', '1Ki'],
    ['0.5Ki', '512'], ['1e3', '1e3'], ['1000', '1k'], ['100', '100'], ['1500', '1500'], ['0.1n', '1n'], ['100Mi', '100Mi'],
    ['-1000m', '-1'], ['1500k', '1500k'], ['0.0001Gi', '107374182400u'], ['12e6', '12e6'], ['100000000000000000000', '9223372036854775807'],
    ['0Mi', '0'], ['1000Ei', '9223372036854775807'],
  ])('%s → %s', (text, canonical) => expect(canonicalQuantity(text)).toBe(canonical));

  test('keeps the amount and is its own canonical form', () => {
    const quantity = fc.tuple(fc.integer({ min: -100_000, max: 100_000 }), fc.constantFrom('', 'm', 'k', 'M', 'Ki', 'Mi', 'Gi', 'e3', 'u'));
    fc.assert(fc.property(quantity, ([mantissa, suffix]) => {
      const text = `${mantissa}${suffix}`;
      const canonical = canonicalQuantity(text);
      expect(compareQuantities(canonical, text)).toBe(0);
      expect(canonicalQuantity(canonical)).toBe(canonical);
    }));
  });
});

test('compareQuantities orders amounts across suffixes', () => {
  expect(compareQuantities('1Gi', '1G')).toBe(1);
  expect(compareQuantities('1000m', '1')).toBe(0);
  expect(compareQuantities('0', '1m')).toBe(-1);
});
