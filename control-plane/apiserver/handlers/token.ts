/** POST serviceaccounts/NAME/token. Follows pkg/registry/core/serviceaccount/storage: TokenREST. */
import type { FastifyReply } from 'fastify';
import type { TokenRequest } from '../../../api/authentication.ts';
import { newConflict, newInvalid, newServiceUnavailable, type FieldError } from '../../../api/errors.ts';
import { serviceAccounts } from '../../../api/resources.ts';
import { timestamp } from '../../../machinery/clock.ts';
import { requestContext, type ResourceCall } from '../app-parts.ts';
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
  checkNames(request, name, namespace);
  const account = await parts.registry.of(serviceAccounts).get(name, namespace);
  checkUid(request, name, account.metadata?.uid ?? '');
  if (!parts.tokens) throw newServiceUnavailable('this server issues no tokens');
  const wanted: TokenRequest = {
    kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1',
    metadata: { ...request.metadata, name, namespace, creationTimestamp: timestamp(parts.clock.now()) },
    spec: parts.tokens.complete((request as Partial<TokenRequest>).spec ?? {}),
  };
  // Plugins may change what is asked for.
  await parts.registry.reviewConnect(requestContext(call, options), { resource: serviceAccounts, subresource: 'token', namespace, name, options: wanted, operation: 'CREATE' });
  const { spec, status } = await parts.tokens.issue(account, wanted.spec);
  return sendValue(call.request, call.reply, 201, { ...wanted, spec, status: options.dryRun ? { token: '', expirationTimestamp: null } : status });
}

/** What the body says of the account must be what the path says. */
function checkNames({ metadata }: TokenRequest, name: string, namespace: string): void {
  const mismatch = (field: 'name' | 'namespace', wanted: string): FieldError[] => {
    const value = metadata?.[field];
    return value && value !== wanted ? [{ reason: 'FieldValueInvalid', field: `metadata.${field}`, message: `Invalid value: ${JSON.stringify(value)}: must match the service account ${field} if specified` }] : [];
  };
  const [first] = [...mismatch('name', name), ...mismatch('namespace', namespace)];
  if (first) throw newInvalid(target, name, [first]);
}

function checkUid({ metadata }: TokenRequest, name: string, uid: string): void {
  const wanted = metadata?.uid;
  if (!wanted || wanted === uid) return;
  throw newConflict({ group: target.group, plural: target.kind }, name, `the UID in the token request (${wanted}) does not match the UID of the service account (${uid})`);
}
