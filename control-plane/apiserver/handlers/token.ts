/** POST serviceaccounts/NAME/token. Follows pkg/registry/core/serviceaccount/storage: TokenREST. */
import type { FastifyReply } from 'fastify';
import type { TokenRequest } from '../../../api/authentication.ts';
import { newInvalid, newServiceUnavailable, type FieldError } from '../../../api/errors.ts';
import { serviceAccounts } from '../../../api/resources.ts';
import { timestamp } from '../../../machinery/clock.ts';
import type { ResourceCall } from '../app-parts.ts';
import { parseWriteOptions } from '../query-options.ts';
import { sendValue } from '../responses.ts';
import { decodeRequest } from './request-object.ts';

const target = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', schema: 'k8s.io.api.authentication.v1.TokenRequest' };

export async function createToken(call: ResourceCall): Promise<FastifyReply> {
  const { parts, info } = call;
  const options = parseWriteOptions(call.query, 'CreateOptions');
  const request = await decodeRequest<TokenRequest>(call, target, options.fieldValidation);
  const name = info.name!;
  const namespace = info.namespace ?? '';
  const mismatch = (field: 'name' | 'namespace', wanted: string): FieldError[] => {
    const value = request.metadata?.[field];
    return value && value !== wanted ? [{ reason: 'FieldValueInvalid', field: `metadata.${field}`, message: `Invalid value: ${JSON.stringify(value)}: must match the service account ${field} if specified` }] : [];
  };
  const errors = [...mismatch('name', name), ...mismatch('namespace', namespace)];
  if (errors.length > 0) throw newInvalid(target, name, errors);
  const account = await parts.registry.of(serviceAccounts).get(name, namespace);
  if (!parts.tokens) throw newServiceUnavailable('this server issues no tokens');
  const { spec, status } = await parts.tokens.issue(account, { ...request.spec, audiences: request.spec.audiences });
  return sendValue(call.request, call.reply, 201, {
    kind: target.kind, apiVersion: `${target.group}/${target.version}`,
    metadata: { ...request.metadata, name, namespace, creationTimestamp: timestamp(parts.clock.now()) },
    spec, status: options.dryRun ? { token: '', expirationTimestamp: null } : status,
  });
}
