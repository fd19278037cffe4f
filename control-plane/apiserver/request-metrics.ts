/**
 * Counts and times requests, for Prometheus. Names and labels follow k8s.io/apiserver/pkg/endpoints/metrics. Bounded: only kinds
 * that are served have a label, and beyond a number of series new ones are counted together.
 */
import { readdirSync } from 'node:fs';
import type { ResourceCatalog } from '../registry/resource-catalog.ts';
import type { RequestInfo } from './request-info.ts';

/** Seconds. */
const buckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
const maxSeries = 2000;

const verbs: Readonly<Record<string, string>> = {
  create: 'POST', get: 'GET', list: 'LIST', watch: 'WATCH', update: 'PUT', patch: 'PATCH', delete: 'DELETE', deletecollection: 'DELETECOLLECTION',
};
const plainVerbs: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
const streams: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward', 'proxy']);

/** As Kubernetes' limits of requests in flight tell them apart. */
type RequestKind = 'mutating' | 'readOnly';
const readOnlyVerbs: ReadonlySet<string> = new Set(['get', 'list', 'watch', 'head']);

interface Durations {
  labels: string;
  counts: number[];
  count: number;
  sum: number;
}

export interface MetricsSource {
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** Watches and other streams. */
  longRunning: () => number;
  /** `v1.36.0+bramble-0.1.0` */
  version: string;
}

export class RequestMetrics {
  private readonly catalog: ResourceCatalog;
  private readonly totals = new Map<string, number>();
  private readonly durations = new Map<string, Durations>();
  private readonly inFlight = new Map<RequestKind, number>([['mutating', 0], ['readOnly', 0]]);

  constructor(catalog: ResourceCatalog) {
    this.catalog = catalog;
  }

  /** Of a request that is no watch or other stream. @returns must be called once, when it has ended. */
  begin(info: RequestInfo): () => void {
    const kind: RequestKind = readOnlyVerbs.has(info.verb) ? 'readOnly' : 'mutating';
    this.inFlight.set(kind, this.inFlight.get(kind)! + 1);
    return () => this.inFlight.set(kind, this.inFlight.get(kind)! - 1);
  }

  /** @param milliseconds from the head of the request to the end of the answer. */
  observe(info: RequestInfo, code: number, milliseconds: number, dryRun: boolean): void {
    const labels = this.labelsOf(info, dryRun);
    const total = `${labels},code="${code}"`;
    const known = this.totals.get(total);
    if (known !== undefined || this.totals.size < maxSeries) this.totals.set(total, (known ?? 0) + 1);
    else this.totals.set('verb="other"', (this.totals.get('verb="other"') ?? 0) + 1);
    // How long a watch lasts says nothing.
    if (!info.isResource || info.verb !== 'watch') this.time(labels, milliseconds / 1000);
  }

  private time(labels: string, seconds: number): void {
    let entry = this.durations.get(labels);
    if (!entry) {
      if (this.durations.size >= maxSeries) return;
      entry = { labels, counts: buckets.map(() => 0), count: 0, sum: 0 };
      this.durations.set(labels, entry);
    }
    const bucket = buckets.findIndex((limit) => seconds <= limit);
    if (bucket >= 0) entry.counts[bucket]! += 1;
    entry.count += 1;
    entry.sum += seconds;
  }

  private labelsOf(info: RequestInfo, dryRun: boolean): string {
    const dry = dryRun ? 'All' : '';
    if (!info.isResource) {
      const verb = info.verb.toUpperCase();
      return `component="apiserver",dry_run="",group="",resource="",scope="",subresource="",verb="${plainVerbs.has(verb) ? verb : 'other'}",version=""`;
    }
    const { group, version, resource, name, namespace } = info;
    const row = this.catalog.find(group, version, resource);
    if (!row) return `component="apiserver",dry_run="${dry}",group="",resource="",scope="",subresource="",verb="${verbs[info.verb] ?? 'other'}",version=""`;
    const subresource = row.subresources.find((candidate) => candidate === info.subresource) ?? '';
    const scope = name !== undefined ? 'resource' : namespace !== undefined ? 'namespace' : 'cluster';
    const verb = streams.has(subresource) ? 'CONNECT' : verbs[info.verb] ?? 'other';
    return `component="apiserver",dry_run="${dry}",group="${group}",resource="${resource}",scope="${scope}",subresource="${subresource}",verb="${verb}",version="${version}"`;
  }

  /** The text format of Prometheus, version 0.0.4. */
  render({ startedAt, longRunning, version }: MetricsSource): string {
    const { user, system } = process.cpuUsage();
    const memory = process.memoryUsage();
    const lines = [
      ...family('apiserver_request_total', 'counter', 'Requests by verb, group, version, resource, scope and HTTP response code.'),
      ...[...this.totals].map(([labels, value]) => `apiserver_request_total{${labels}} ${value}`),
      ...family('apiserver_request_duration_seconds', 'histogram', 'Seconds from a request to the end of its answer, by verb, group, version, resource and scope.'),
      ...[...this.durations.values()].flatMap((durations) => renderDurations('apiserver_request_duration_seconds', durations)),
      // Kubernetes leaves out what was spent in webhooks; here it is not told apart.
      ...family('apiserver_request_sli_duration_seconds', 'histogram', 'The same, by the name that service level objectives of Kubernetes are kept under.'),
      ...[...this.durations.values()].flatMap((durations) => renderDurations('apiserver_request_sli_duration_seconds', durations)),
      ...family('apiserver_current_inflight_requests', 'gauge', 'Requests under way that are no watches or other streams.'),
      ...[...this.inFlight].map(([kind, count]) => `apiserver_current_inflight_requests{request_kind="${kind}"} ${count}`),
      ...single('apiserver_longrunning_requests', 'gauge', 'Watches, followed logs, commands and other streams under way.', longRunning()),
      ...family('kubernetes_build_info', 'gauge', 'Always 1; the labels say what runs.'),
      `kubernetes_build_info{git_version="${version}",platform="${process.platform}/${process.arch}"} 1`,
      ...single('process_cpu_seconds_total', 'counter', 'Seconds of CPU time.', (user + system) / 1e6),
      ...single('process_resident_memory_bytes', 'gauge', 'Resident memory.', memory.rss),
      ...openFiles(),
      ...single('process_start_time_seconds', 'gauge', 'When the process started, in seconds since the epoch.', startedAt / 1000),
      ...single('nodejs_heap_size_used_bytes', 'gauge', 'Heap in use.', memory.heapUsed),
      ...single('nodejs_external_memory_bytes', 'gauge', 'Memory of buffers and other objects outside the heap.', memory.external),
    ];
    return `${lines.join('\n')}\n`;
  }
}

function renderDurations(name: string, { labels, counts, count, sum }: Durations): string[] {
  let below = 0;
  return [
    ...buckets.map((limit, index) => {
      below += counts[index]!;
      return `${name}_bucket{${labels},le="${limit}"} ${below}`;
    }),
    `${name}_bucket{${labels},le="+Inf"} ${count}`, `${name}_sum{${labels}} ${sum}`, `${name}_count{${labels}} ${count}`,
  ];
}

/** Linux alone says. */
function openFiles(): string[] {
  try {
    return single('process_open_fds', 'gauge', 'Open files and connections.', readdirSync('/proc/self/fd').length);
  } catch {
    return [];
  }
}

function family(name: string, type: string, help: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function single(name: string, type: string, help: string, value: number): string[] {
  return [...family(name, type, help), `${name} ${value}`];
}
