/**
 * Service account tokens of the pods of attached boards: issued before a pod is first published, renewed well before they
 * expire, dropped with their pod. Boards ask for nothing, so an idle board stays silent.
 */
import type { Pod, Secret } from '../../api/core.ts';
import { podTokenKey, podTokenPeriodAnnotation, podTokenSources, podTokenType, type PodTokenSource } from '../../api/messaging/pod-tokens.ts';
import { isNotFound } from '../../api/errors.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';

export interface TokenIssuer {
  /** @returns the token of the pod's account, bound to the pod. */
  issueForPod(pod: Pod, source: Pick<PodTokenSource, 'audience' | 'expirationSeconds'>): Promise<{ token: string; expiresAt: number }>;
}

export interface PodTokensOptions {
  issuer: TokenIssuer;
  clock: Clock;
  logger: Logger;
  /** A token of a pod of the board is new. */
  changed: (board: string) => void;
}

interface Entry {
  pod: Pod;
  /** undefined while the first is being issued, or could not be. */
  secret: Secret | undefined;
  issuing: boolean;
  /** Milliseconds since the epoch. */
  renewAt: number;
}

const dayMs = 24 * 60 * 60 * 1000;
const sweepEveryMs = 60_000;
const retryMs = 30_000;

export class PodTokens {
  private readonly options: PodTokensOptions;
  private readonly entries = new Map<string, Entry>();
  private stopped = false;

  constructor(options: PodTokensOptions) {
    this.options = options;
  }

  start(): void {
    this.options.clock.after(sweepEveryMs, () => this.sweep());
  }

  stop(): void {
    this.stopped = true;
    this.entries.clear();
  }

  /** The pod's tokens as they are; what is missing is issued, and told by `changed`. `ready` is false until the first try is over. */
  of(pod: Pod): { secrets: Secret[]; ready: boolean } {
    const secrets: Secret[] = [];
    let ready = true;
    for (const source of podTokenSources(pod)) {
      const entry = this.entries.get(source.secretName);
      if (!entry) {
        const made: Entry = { pod, secret: undefined, issuing: false, renewAt: 0 };
        this.entries.set(source.secretName, made);
        this.issue(source, made);
        ready = false;
      } else if (entry.secret) {
        secrets.push(entry.secret);
      } else if (entry.issuing) {
        ready = false;
      }
    }
    return { secrets, ready };
  }

  forget(pod: Pod): void {
    for (const { secretName } of podTokenSources(pod)) this.entries.delete(secretName);
  }

  private issue(source: PodTokenSource, entry: Entry): void {
    const { issuer, clock, logger } = this.options;
    const { metadata, spec } = entry.pod;
    entry.issuing = true;
    issuer.issueForPod(entry.pod, source).then(({ token, expiresAt }) => {
      const now = clock.now();
      const lifetime = expiresAt - now;
      // As the kubelet does: at four fifths of the lifetime, at the latest after a day.
      entry.renewAt = now + Math.min(lifetime * 0.8, dayMs);
      entry.secret = {
        metadata: { name: source.secretName, namespace: metadata?.namespace, annotations: { [podTokenPeriodAnnotation]: String(Math.floor(now / Math.min(lifetime * 0.4, dayMs * 30))) } },
        type: podTokenType, data: { [podTokenKey]: Buffer.from(token).toString('base64') },
      };
    }, (error: unknown) => {
      entry.renewAt = clock.now() + retryMs;
      // The account or the pod is gone: the pod will follow.
      if (!isNotFound(error)) logger.warn('No token for a pod', { namespace: metadata?.namespace, pod: metadata?.name, error });
    }).finally(() => {
      entry.issuing = false;
      if (!this.stopped && this.entries.get(source.secretName) === entry && spec?.nodeName) this.options.changed(spec.nodeName);
    });
  }

  private sweep(): void {
    if (this.stopped) return;
    const now = this.options.clock.now();
    for (const [name, entry] of this.entries) {
      if (entry.issuing || now < entry.renewAt) continue;
      const source = podTokenSources(entry.pod).find(({ secretName }) => secretName === name);
      if (source) this.issue(source, entry);
    }
    this.options.clock.after(sweepEveryMs, () => this.sweep());
  }
}
