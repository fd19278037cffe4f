/** GET pods/NAME/log. */
import type { FastifyReply } from 'fastify';
import type { Pod } from '../../../api/core.ts';
import { newInvalid, type FieldError } from '../../../api/errors.ts';
import { channels, type BoardStream } from '../../../machinery/stream.ts';
import type { ResourceCall } from '../app-parts.ts';
import type { LogOptions } from '../board-streams.ts';
import { booleanValue, firstValue, integerValue, type RawQuery } from '../query-options.ts';
import { containerOf, openerOf } from './pod-stream.ts';

export async function readLog(call: ResourceCall): Promise<FastifyReply> {
  const { parts, reply } = call;
  const options = parseLogOptions(call.query, call.info.name);
  const pod = await call.store.get(call.info.name!, call.info.namespace) as Pod;
  const container = containerOf(pod, firstValue(call.query, 'container'));
  reply.type('text/plain');
  // A pod that has no board yet has no log yet.
  if (!pod.spec?.nodeName) return reply.send('');
  const stream = await openerOf(parts).openLogs(pod, container, options);
  const done = beginStream(call, stream);
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' });
  reply.raw.flushHeaders();
  call.request.audit?.started(200);
  copyLog(call, stream, done);
  return reply;
}

function beginStream(call: ResourceCall, stream: BoardStream): () => void {
  try {
    return call.parts.longRunning.begin(() => stream.close({}));
  } catch (error) {
    stream.close({});
    throw error;
  }
}

/** Until either side ends; the board waits while the client's socket is full. */
function copyLog(call: ResourceCall, stream: BoardStream, done: () => void): void {
  const { raw } = call.reply;
  const gone = new Promise<void>((resolve) => raw.once('close', resolve));
  raw.once('close', () => {
    stream.close({});
    done();
  });
  stream.onData(async (channel, data) => {
    if (channel === channels.stdin || raw.destroyed || raw.write(data)) return;
    await Promise.race([gone, new Promise<void>((resolve) => raw.once('drain', resolve))]);
  });
  void stream.closed.then(({ error }) => {
    if (error === undefined) {
      raw.end();
      return;
    }
    call.parts.logger.info('log stream broke', { path: call.info.path, error });
    // Cut, so that the client does not take what it got for all there is.
    raw.destroy();
  });
}

/** @throws StatusError BadRequest or Invalid. Source: k8s.io/kubernetes/pkg/apis/core/validation.ValidatePodLogOptions. */
export function parseLogOptions(query: RawQuery, podName = ''): LogOptions {
  const tailLines = integerValue(query, 'tailLines');
  const sinceSeconds = integerValue(query, 'sinceSeconds');
  const limitBytes = integerValue(query, 'limitBytes');
  const sinceTime = firstValue(query, 'sinceTime');
  const errors: FieldError[] = [];
  const refuse = (field: string, value: unknown, why: string) => errors.push({ reason: 'FieldValueInvalid', field, message: `Invalid value: ${JSON.stringify(value)}: ${why}` });
  if (tailLines !== undefined && tailLines < 0) refuse('tailLines', tailLines, 'must be greater than or equal to 0');
  if (limitBytes !== undefined && limitBytes < 1) refuse('limitBytes', limitBytes, 'must be greater than 0');
  if (sinceSeconds !== undefined && sinceTime) errors.push({ reason: 'FieldValueForbidden', field: '[]', message: 'Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified' });
  else if (sinceSeconds !== undefined && sinceSeconds < 1) refuse('sinceSeconds', sinceSeconds, 'must be greater than 0');
  if (sinceTime && Number.isNaN(Date.parse(sinceTime))) refuse('sinceTime', sinceTime, 'must be a time as RFC 3339 has it');
  if (errors.length > 0) throw newInvalid({ group: '', kind: 'PodLogOptions' }, podName, errors);
  return {
    follow: booleanValue(query, 'follow'),
    previous: booleanValue(query, 'previous'),
    timestamps: booleanValue(query, 'timestamps'),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
    ...(sinceTime ? { sinceTime } : {}),
    ...(limitBytes === undefined ? {} : { limitBytes }),
  };
}
