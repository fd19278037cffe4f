/** One request of the control plane itself to an extension API server, with a bounded answer in a bounded time. */
import type { IncomingMessage } from 'node:http';
import type { APIService } from '../../api/apiregistration.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { UserInfo } from '../registry/registry.ts';
import { beginExtensionRequest, userHeaders, type ExtensionAccess } from './extension-request.ts';

export interface ExtensionQuestion {
  method: 'GET' | 'DELETE';
  /** With its query. */
  path: string;
  /** As whom; the extension server asks back whether he may. */
  user: UserInfo;
}

export interface ExtensionAnswer {
  code: number;
  /** An object; empty where the answer is none. */
  value: Readonly<Record<string, unknown>>;
}

const timeoutMs = 5000;
const maxAnswerBytes = 8 * 1024 * 1024;

/** @throws Error when there is no answer in time, or none that can be read. */
export async function askExtension(access: ExtensionAccess, clock: Pick<Clock, 'after'>, service: APIService, { method, path, user }: ExtensionQuestion): Promise<ExtensionAnswer> {
  const call = await beginExtensionRequest(access, service, { method, path, headers: { accept: 'application/json', ...userHeaders(user) } });
  const timer = clock.after(timeoutMs, () => { call.destroy(new Error('context deadline exceeded')); });
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      call.once('response', resolve);
      call.on('error', reject);
      call.end();
    });
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) {
      text += chunk as string;
      if (text.length > maxAnswerBytes) throw new Error('the answer is too long');
    }
    return { code: response.statusCode ?? 0, value: parseObject(text) };
  } finally {
    timer.cancel();
    call.destroy();
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value as Record<string, unknown> : {};
  } catch {
    return {}; // Errors of proxies on the way are text; the code says enough.
  }
}
