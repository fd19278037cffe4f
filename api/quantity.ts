/**
 * Resource quantities: `500m`, `128Mi`, `1.5`, `2e3`. Values are kept as bigint nano-units, so sums are exact.
 * Follows k8s.io/apimachinery/pkg/api/resource.
 */
const binary: Readonly<Record<string, bigint>> = { Ki: 1n << 10n, Mi: 1n << 20n, Gi: 1n << 30n, Ti: 1n << 40n, Pi: 1n << 50n, Ei: 1n << 60n };
const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const pattern = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:(Ki|Mi|Gi|Ti|Pi|Ei)|([numkMGTPE])|[eE]([+-]?\d{1,3}))?$/;

/** 10^9 nano-units are one. */
const NANO = 1_000_000_000n;

export function isQuantity(text: string): boolean {
  return pattern.test(text);
}

/**
 * @returns the amount in nano-units (1 = 10^-9), rounded up as Kubernetes does.
 * @throws RangeError when the text is no quantity; the message is the one Kubernetes gives.
 */
export function parseQuantity(quantity: string | number): bigint {
  const text = String(quantity);
  const match = pattern.exec(text);
  if (!match) {
    throw new RangeError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  }
  const [, sign, digits, binarySuffix, decimalSuffix, exponent] = match as unknown as [string, string, string, string?, string?, string?];
  const [whole = '', fraction = ''] = digits.split('.');
  const mantissa = BigInt(whole + fraction);
  const shift = (binarySuffix ? 0 : exponent !== undefined ? Number(exponent) : decimal[decimalSuffix ?? '']!) - fraction.length + 9;
  const scaled = mantissa * (binarySuffix ? binary[binarySuffix]! : 1n);
  const value = shift >= 0 ? scaled * 10n ** BigInt(shift) : ceilingDivide(scaled, 10n ** BigInt(-shift));
  return sign === '-' ? -value : value;
}

function ceilingDivide(dividend: bigint, divisor: bigint): bigint {
  return dividend <= 0n ? dividend / divisor : (dividend + divisor - 1n) / divisor;
}

/** 2^63 - 1: bigger amounts are cut to it, as Kubernetes does. */
const largest = ((1n << 63n) - 1n) * NANO;
const decimalSuffixes = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];

/**
 * The one form Kubernetes stores and shows: the same amount and kind of suffix, with the largest suffix that leaves no
 * fraction. `0.5` → `500m`, `1024Mi` → `1Gi`, `1.5Gi` → `1536Mi`, `1000m` → `1`, `1e3` → `1e3`.
 * @throws RangeError as parseQuantity.
 */
export function canonicalQuantity(quantity: string | number): string {
  const text = String(quantity);
  const exact = parseQuantity(text);
  const value = exact > largest ? largest : exact < -largest ? -largest : exact;
  if (value === 0n) return '0';
  const magnitude = value < 0n ? -value : value;
  if (text.endsWith('i') && magnitude >= 1024n * NANO && magnitude % NANO === 0n) return canonicalBinary(value / NANO);
  return canonicalDecimal(value, /[eE][+-]?\d/.test(text));
}

/**
 * canonicalQuantity of an amount in a list of resources, which knows no less than thousandths: `100u` → `1m`.
 * Follows pkg/apis/core/v1: SetDefaults_ResourceList.
 */
export function canonicalResourceAmount(quantity: string | number): string {
  const text = canonicalQuantity(quantity);
  const finer = /(?:[nu]|e-[69])$/.exec(text)?.[0];
  if (finer === undefined) return text;
  const value = parseQuantity(text);
  const milli = value < 0n ? -ceilingDivide(-value, 1_000_000n) : ceilingDivide(value, 1_000_000n);
  return canonicalQuantity(`${milli}${finer.startsWith('e') ? 'e-3' : 'm'}`);
}

function canonicalBinary(units: bigint): string {
  let mantissa = units;
  let index = 0;
  while (mantissa % 1024n === 0n && index < 6) {
    mantissa /= 1024n;
    index += 1;
  }
  return `${mantissa}${['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'][index]}`;
}

function canonicalDecimal(nano: bigint, exponentForm: boolean): string {
  let mantissa = nano;
  let index = 0;
  while (mantissa % 1000n === 0n && index < decimalSuffixes.length - 1) {
    mantissa /= 1000n;
    index += 1;
  }
  if (!exponentForm) return `${mantissa}${decimalSuffixes[index]}`;
  const exponent = index * 3 - 9;
  return exponent === 0 ? String(mantissa) : `${mantissa}e${exponent}`;
}

/** -1, 0 or 1, as `left` is smaller than, equal to or bigger than `right`. */
export function compareQuantities(left: string | number, right: string | number): -1 | 0 | 1 {
  const difference = parseQuantity(left) - parseQuantity(right);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Milli-units, rounded up: CPU. `parseMilli('0.5')` is 500. */
export function parseMilli(quantity: string | number): number {
  return Number(ceilingDivide(parseQuantity(quantity), 1_000_000n));
}

/** Whole units, rounded up: bytes, pods. `parseUnits('1Ki')` is 1024. */
export function parseUnits(quantity: string | number): number {
  return Number(ceilingDivide(parseQuantity(quantity), NANO));
}

/** Milli-units as Kubernetes prints them: 500 → `500m`, 2000 → `2`. */
export function formatMilli(milli: number): string {
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}

/** Bytes with the largest binary suffix that is exact: 134217728 → `128Mi`, 1000 → `1000`. */
export function formatBytes(bytes: number): string {
  if (bytes === 0) return '0';
  for (const suffix of ['Ti', 'Gi', 'Mi', 'Ki']) {
    const unit = Number(binary[suffix]!);
    if (bytes % unit === 0) return `${bytes / unit}${suffix}`;
  }
  return String(bytes);
}
