/** What a request for exec or attach asks of a container. */
import type { Pod } from '../../../api/core.ts';
import { newBadRequest } from '../../../api/errors.ts';
import type { BoardStream } from '../../../machinery/stream.ts';
import type { AppParts } from '../app-parts.ts';
import { containerOf, openerOf } from '../handlers/pod-stream.ts';
import { allValues, booleanValue, firstValue, type RawQuery } from '../query-options.ts';

/** The streams that a client asks for. */
export interface CommandStreams {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

export interface CommandRequest {
  streams: CommandStreams;
  open: () => Promise<BoardStream>;
}

/** @throws StatusError BadRequest in the words of kube-apiserver and kubelet. */
export function parseCommandRequest(parts: AppParts, subresource: 'exec' | 'attach', pod: Pod, query: RawQuery): CommandRequest {
  const container = containerOf(pod, firstValue(query, 'container'));
  if (!pod.spec?.nodeName) throw newBadRequest(`pod ${pod.metadata?.name} does not have a host assigned`);
  const streams = parseStreams(query);
  if (subresource === 'attach') {
    const { tty: _tty, ...options } = streams;
    return { streams, open: () => openerOf(parts).openAttach(pod, container, options) };
  }
  const command = allValues(query, 'command');
  if (command.length === 0) throw newBadRequest('you must specify at least one command for the container');
  return { streams, open: () => openerOf(parts).openExec(pod, container, { ...streams, command }) };
}

function parseStreams(query: RawQuery): CommandStreams {
  const tty = booleanValue(query, 'tty');
  const on = (name: string): boolean => query[name] === undefined || booleanValue(query, name);
  // With a terminal there is one output.
  const streams = { tty, stdin: booleanValue(query, 'stdin'), stdout: on('stdout'), stderr: on('stderr') && !tty };
  if (!streams.stdin && !streams.stdout && !streams.stderr) throw newBadRequest('you must specify at least 1 of stdin, stdout, stderr');
  return streams;
}
