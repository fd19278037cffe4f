/** What a proxied request is for: a pod, a ready endpoint of a Service, or a node. Source: k8s.io/kubernetes/pkg/registry/core. */
import type { Pod } from '../../../api/core.ts';
import type { EndpointSlice } from '../../../api/discovery.ts';
import { newBadRequest, newServiceUnavailable } from '../../../api/errors.ts';
import { kubeletPort } from '../../../api/messaging/messages.ts';
import { endpointSlices, nodes, pods, services } from '../../../api/resources.ts';
import { everything } from '../../../api/labels.ts';
import { parseSelector } from '../../../api/parse-selector.ts';
import type { BoardStream } from '../../../machinery/stream.ts';
import type { AppParts } from '../app-parts.ts';
import { newUnknownResource } from '../error-status.ts';
import { openerOf } from '../handlers/pod-stream.ts';
import type { ResourceRequest } from '../request-info.ts';

export interface ProxyTarget {
  scheme: 'http' | 'https';
  /** As in a URL of the target. */
  host: string;
  /** A connection to the target. @throws StatusError. */
  open: () => Promise<BoardStream>;
}

interface ProxyName {
  scheme: 'http' | 'https';
  name: string;
  /** May be empty, or the name of a port. */
  port: string;
}

/** @throws StatusError NotFound, BadRequest or ServiceUnavailable in the words of kube-apiserver. */
export async function findProxyTarget(parts: AppParts, info: ResourceRequest): Promise<ProxyTarget> {
  const { resource, namespace, name = '' } = info;
  if (info.group !== '' || info.version !== 'v1') throw newUnknownResource();
  if (resource === nodes.plural && namespace === undefined) return nodeTarget(parts, parseProxyName('node', name));
  if (namespace === undefined) throw newUnknownResource();
  if (resource === pods.plural) return podTarget(parts, namespace, parseProxyName('pod', name));
  if (resource === services.plural) return serviceTarget(parts, namespace, parseProxyName('service', name));
  throw newUnknownResource();
}

/** `NAME`, `NAME:PORT` or `SCHEME:NAME:PORT`. */
export function parseProxyName(kind: string, id: string): ProxyName {
  const words = id.split(':');
  const [scheme = '', name = '', port = ''] = words.length === 3 ? words : ['', ...words];
  if (words.length > 3 || name === '' || !['', 'http', 'https'].includes(scheme)) throw newBadRequest(`invalid ${kind} request ${JSON.stringify(id)}`);
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port };
}

async function podTarget(parts: AppParts, namespace: string, { scheme, name, port: asked }: ProxyName): Promise<ProxyTarget> {
  const pod = await parts.registry.of(pods).get(name, namespace);
  const declared = pod.spec?.containers.find(({ ports }) => ports?.length)?.ports?.[0]?.containerPort;
  return toPod(parts, pod, scheme, asked || (declared === undefined ? '' : String(declared)));
}

function toPod(parts: AppParts, pod: Pod, scheme: ProxyTarget['scheme'], port: string): ProxyTarget {
  const address = pod.status?.podIP;
  if (!address || !pod.spec?.nodeName) throw newBadRequest('address not allowed');
  const number = portNumber(scheme, port);
  return { scheme, host: hostOf(address, port), open: () => openerOf(parts).openPort(pod, number) };
}

function hostOf(address: string, port: string): string {
  const literal = address.includes(':') ? `[${address}]` : address;
  return port === '' ? literal : `${literal}:${port}`;
}

/** @throws StatusError ServiceUnavailable, as a connection to such a port ends. */
function portNumber(scheme: ProxyTarget['scheme'], port: string): number {
  if (port === '') return scheme === 'https' ? 443 : 80;
  const number = Number(port);
  if (!/^\d+$/.test(port) || number < 1 || number > 65_535) throw newServiceUnavailable(`error trying to reach service: dial tcp: lookup tcp/${port}: unknown port`);
  return number;
}

async function serviceTarget(parts: AppParts, namespace: string, { scheme, name, port }: ProxyName): Promise<ProxyTarget> {
  const service = await parts.registry.of(services).get(name, namespace);
  let portName = port;
  if (/^\d+$/.test(port)) {
    const declared = service.spec?.ports?.find((candidate) => candidate.port === Number(port));
    if (!declared) throw newServiceUnavailable(`no service port ${port} found for service ${JSON.stringify(name)}`);
    portName = declared.name ?? '';
  }
  const slices = await parts.registry.of(endpointSlices).list({ namespace, labelSelector: parseSelector(`kubernetes.io/service-name=${name}`), fieldSelector: [] });
  const ready = slices.items.flatMap((slice) => readyEndpoints(slice, portName));
  // From a random one on, the first whose pod is there.
  const start = Math.floor(parts.random() * ready.length);
  for (let index = 0; index < ready.length; index++) {
    const endpoint = ready[(start + index) % ready.length]!;
    const pod = await findPod(parts, namespace, endpoint);
    if (pod) return toPod(parts, pod, scheme, String(endpoint.port));
  }
  throw newServiceUnavailable(`no endpoints available for service ${JSON.stringify(port === '' && scheme === 'http' ? name : idOf(scheme, name, port))}`);
}

function idOf(scheme: string, name: string, port: string): string {
  return scheme === 'https' ? `${scheme}:${name}:${port}` : `${name}:${port}`;
}

interface ReadyEndpoint {
  podName: string;
  address: string;
  port: number;
}

/** Only those that are pods: the API server is no way around the network of others. */
function readyEndpoints(slice: EndpointSlice, portName: string): ReadyEndpoint[] {
  const port = slice.ports?.find((candidate) => (candidate.name ?? '') === portName)?.port;
  if (port === undefined) return [];
  return slice.endpoints.flatMap(({ conditions, targetRef, addresses }) => (
    conditions?.ready !== false && targetRef?.kind === 'Pod' && targetRef.name && addresses[0] ? [{ podName: targetRef.name, address: addresses[0], port }] : []
  ));
}

async function findPod(parts: AppParts, namespace: string, { podName, address }: ReadyEndpoint): Promise<Pod | undefined> {
  const found = await parts.registry.of(pods).list({ namespace, labelSelector: everything, fieldSelector: [{ field: 'metadata.name', value: podName, equal: true }] });
  const pod = found.items[0];
  return pod?.status?.podIP === address && pod.spec?.nodeName ? pod : undefined;
}

async function nodeTarget(parts: AppParts, { scheme, name, port }: ProxyName): Promise<ProxyTarget> {
  const node = await parts.registry.of(nodes).get(name);
  const address = node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? name;
  const number = port === '' ? kubeletPort : portNumber(scheme, port);
  return {
    // The board's agent answers on NATS, where the connection is secure already.
    scheme: number === kubeletPort ? 'http' : scheme,
    host: hostOf(address, String(number)),
    open: () => openerOf(parts).openNode(name, number),
  };
}
