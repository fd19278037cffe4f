/** Defaults of Secrets. Follows pkg/apis/core/v1: defaults.go, conversion.go. */
import type { Secret } from '../../../../api/core.ts';

/** Also turns `stringData`, which is only ever written, into `data`. */
export function defaultSecret(secret: Secret): void {
  secret.type ||= 'Opaque';
  if (!secret.stringData) return;
  const encoded = Object.entries(secret.stringData).map(([key, value]) => [key, Buffer.from(value, 'utf8').toString('base64')]);
  secret.data = { ...secret.data, ...Object.fromEntries(encoded) as Record<string, string> };
  delete secret.stringData;
}
