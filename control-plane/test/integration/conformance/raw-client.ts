/** Plain HTTPS to an API server, as its administrator or whoever bears a token: no client library between the test and the wire. */
import { Agent, request } from 'node:https';
import type { Pki } from '../../../pki/ensure-pki.ts';

/** An object of any kind, as JSON has it. */
export interface AnyObject {
  apiVersion?: string;
  kind?: string;
  metadata?: { name?: string; namespace?: string; uid?: string; resourceVersion?: string; labels?: Record<string, string>; annotations?: Record<string, string>; [key: string]: unknown };
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
  items?: AnyObject[];
  [key: string]: unknown;
}

export interface Answer {
  code: number;
  body: AnyObject;
}

export interface WatchedEvent {
  type: string;
  object: AnyObject;
}

export const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

export class RawClient {
  private readonly agent: Agent;
  private readonly origin: string;
  private readonly token: string | undefined;
  private readonly watches = new Set<() => void>();

  /** @param token of the bearer; '' for nobody; the administrator's certificate speaks without it. */
  constructor(server: { url: string; pki: Pki }, token?: string) {
    this.origin = server.url;
    this.token = token;
    const { ca, admin } = server.pki;
    this.agent = new Agent({ keepAlive: true, ca, ...(token === undefined ? { cert: admin.certificate, key: admin.key } : {}) });
  }

  /** Resolves whatever the code. @param body an object, sent as JSON. */
  call(method: string, path: string, body?: object, type = 'application/json'): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const call = request(`${this.origin}${path}`, { method, agent: this.agent, headers: this.headers(body === undefined ? undefined : type) }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => { text += part; });
        response.on('end', () => {
          const json = response.headers['content-type']?.includes('json') === true;
          resolve({ code: response.statusCode ?? 0, body: json ? JSON.parse(text) as AnyObject : { text } });
        });
      });
      call.on('error', reject);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** @throws when the answer is not a success. */
  async ok(method: string, path: string, body?: object, type?: string): Promise<AnyObject> {
    const answer = await this.call(method, path, body, type);
    if (answer.code < 200 || answer.code > 299) throw new Error(`${method} ${path}: ${answer.code} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** Resolves once the watch is open. @returns the events so far: the list grows. */
  watch(path: string): Promise<WatchedEvent[]> {
    return new Promise((resolve, reject) => {
      const events: WatchedEvent[] = [];
      const call = request(`${this.origin}${path}`, { agent: this.agent, headers: this.headers() }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`watch of ${path}: ${response.statusCode}`));
        let rest = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          const lines = (rest + part).split('\n');
          rest = lines.pop() ?? '';
          events.push(...lines.map((line) => JSON.parse(line) as WatchedEvent));
        });
        response.on('error', () => undefined); // The test has ended it.
        resolve(events);
      });
      call.on('error', reject);
      call.end();
      this.watches.add(() => call.destroy());
    });
  }

  close(): void {
    for (const end of this.watches) end();
    this.agent.destroy();
  }

  private headers(type?: string): Record<string, string> {
    return { accept: 'application/json', ...(type === undefined ? {} : { 'content-type': type }), ...(this.token === undefined || this.token === '' ? {} : { authorization: `Bearer ${this.token}` }) };
  }
}
