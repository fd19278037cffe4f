/** Answers DNS questions about the cluster from its records: pure, from one decoded query to one decoded response. */
import { isIPv4 } from 'node:net';
import type { Answer, Packet, Question } from 'dns-packet';
import type { ClusterRecords, NameRecords } from './service-records.ts';

/** Seconds a client may keep an answer: short, because a Service may go at any time. */
const ttl = 5;

export const responseCodes = { noError: 0, formatError: 1, serverFailure: 2, nameError: 3, notImplemented: 4, refused: 5 } as const;
/** DNS header flags (RFC 1035, 4.1.1). */
export const headerFlags = { authoritative: 1 << 10, truncated: 1 << 9, recursionDesired: 1 << 8, recursionAvailable: 1 << 7 } as const;

export interface LocalAnswer {
  answers: Answer[];
  additionals: Answer[];
  authorities: Answer[];
  responseCode: number;
  /** The chain ends at this name outside the cluster: its addresses are to be asked for elsewhere and added. */
  followCname?: string;
}

export interface ZoneOptions {
  clusterDomain: string;
  /** Reverse names of these ranges are the cluster's. */
  reverseCIDRs: readonly string[];
}

/** @returns undefined when the question is not about the cluster. */
export function answerQuestion(question: Question, records: ClusterRecords, options: ZoneOptions): LocalAnswer | undefined {
  const name = question.name.toLowerCase().replace(/\.$/, '');
  if (name.endsWith('.in-addr.arpa')) return answerReverse(question, name, records, options);
  if (name !== options.clusterDomain && !name.endsWith(`.${options.clusterDomain}`)) return undefined;
  const found = lookUp(name, records) ?? podByAddress(name, options);
  if (!found) return negative(options, responseCodes.nameError);
  if (name === `dns-version.${options.clusterDomain}` && question.type === 'TXT') {
    return positive([{ type: 'TXT', name: question.name, ttl, data: '1.1.0' }]);
  }
  if (found.cname !== undefined) return answerAlias(question, found.cname, records, options);
  const wanted = question.type;
  if (wanted === 'A') return addresses(question.name, found, options);
  if (wanted === 'SRV') return services(question.name, found, records, options);
  if (wanted === 'SOA' && name === options.clusterDomain) return positive([startOfAuthority(options)]);
  return negative(options, responseCodes.noError);
}

/** `*`-free lookup: Kubernetes' specification has no wildcards. */
function lookUp(name: string, records: ClusterRecords): NameRecords | undefined {
  return records.names.get(name);
}

/**
 * `10-42-0-7.default.pod.cluster.local`: the address itself, where it is in the ranges of the cluster, whether there is such
 * a pod or not (the mode "insecure" of CoreDNS, which clusters made by kubeadm have).
 */
function podByAddress(name: string, options: ZoneOptions): NameRecords | undefined {
  const [host = '', namespace, ...rest] = name.split('.');
  const address = host.replaceAll('-', '.');
  if (!namespace || rest.join('.') !== `pod.${options.clusterDomain}` || !isIPv4(address)) return undefined;
  return options.reverseCIDRs.some((cidr) => contains(cidr, address)) ? { a: [address], srv: [] } : undefined;
}

function addresses(name: string, found: NameRecords, options: ZoneOptions): LocalAnswer {
  if (found.a.length === 0) return negative(options, responseCodes.noError);
  return positive(found.a.map((data) => ({ type: 'A', name, ttl, data })));
}

function services(name: string, found: NameRecords, records: ClusterRecords, options: ZoneOptions): LocalAnswer {
  if (found.srv.length === 0) return negative(options, responseCodes.noError);
  const weight = Math.max(1, Math.floor(100 / found.srv.length));
  const answers = found.srv.map((data): Answer => ({ type: 'SRV', name, ttl, data: { ...data, weight } }));
  const targets = new Set(found.srv.map((service) => service.target));
  const additionals = [...targets].flatMap((target) => (lookUp(target, records)?.a ?? []).map((data): Answer => ({ type: 'A', name: target, ttl, data })));
  return { ...positive(answers), additionals };
}

function answerAlias(question: Question, target: string, records: ClusterRecords, options: ZoneOptions): LocalAnswer {
  const cname: Answer = { type: 'CNAME', name: question.name, ttl, data: target };
  if (question.type !== 'A' && question.type !== 'AAAA') return positive([cname]);
  if (!target.endsWith(`.${options.clusterDomain}`)) return { ...positive([cname]), followCname: target };
  const inside = question.type === 'A' ? lookUp(target, records)?.a ?? [] : [];
  return positive([cname, ...inside.map((data): Answer => ({ type: 'A', name: target, ttl, data }))]);
}

function answerReverse(question: Question, name: string, records: ClusterRecords, options: ZoneOptions): LocalAnswer | undefined {
  const octets = name.slice(0, -'.in-addr.arpa'.length).split('.').reverse();
  const address = octets.join('.');
  if (octets.length !== 4 || !options.reverseCIDRs.some((cidr) => contains(cidr, address))) return undefined;
  const pointer = records.pointers.get(address);
  if (pointer === undefined) return negative(options, responseCodes.nameError);
  if (question.type !== 'PTR') return negative(options, responseCodes.noError);
  return positive([{ type: 'PTR', name: question.name, ttl, data: pointer }]);
}

export function contains(cidr: string, address: string): boolean {
  const [base = '', bits = '32'] = cidr.split('/');
  const number = (text: string): number => text.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const size = 2 ** (32 - Number(bits));
  return Math.floor(number(base) / size) === Math.floor(number(address) / size);
}

function positive(answers: Answer[]): LocalAnswer {
  return { answers, additionals: [], authorities: [], responseCode: responseCodes.noError };
}

function negative(options: ZoneOptions, responseCode: number): LocalAnswer {
  return { answers: [], additionals: [], authorities: [startOfAuthority(options)], responseCode };
}

/** Resolvers keep a "no" as long as the last number here says. */
function startOfAuthority(options: ZoneOptions): Answer {
  const domain = options.clusterDomain;
  return {
    type: 'SOA', name: domain, ttl,
    data: { mname: `ns.dns.${domain}`, rname: `hostmaster.${domain}`, serial: 1, refresh: 7200, retry: 1800, expire: 86400, minimum: ttl },
  };
}

/** The response packet of a query: same id and question, our flags. */
export function makeResponse(query: Packet, answer: Omit<LocalAnswer, 'followCname'>, extraFlags = 0): Packet {
  return {
    type: 'response',
    id: query.id,
    flags: headerFlags.recursionAvailable | ((query.flags ?? 0) & headerFlags.recursionDesired) | extraFlags | answer.responseCode,
    questions: query.questions,
    answers: answer.answers,
    authorities: answer.authorities,
    additionals: answer.additionals,
  };
}
