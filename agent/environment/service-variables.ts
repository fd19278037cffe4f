/** `{FOO}_SERVICE_HOST`, `_SERVICE_PORT` and the Docker-link variables of Services, as k8s.io/kubernetes/pkg/kubelet/envvars. */
import type { Service } from '../../api/core.ts';

/** The Service whose variables every pod has. */
const apiServer = { namespace: 'default', name: 'kubernetes' };

/**
 * Services that a pod of `namespace` sees as variables: those of its namespace (unless enableServiceLinks is false) and
 * default/kubernetes. Headless ones have no address and are left out.
 */
export function visibleServices(services: (namespace: string) => readonly Service[], namespace: string, enableServiceLinks: boolean): Service[] {
  const byName = new Map<string, Service>();
  for (const service of services(apiServer.namespace)) {
    if (service.metadata?.name === apiServer.name && hasAddress(service)) byName.set(apiServer.name, service);
  }
  if (enableServiceLinks) {
    for (const service of services(namespace)) {
      if (hasAddress(service) && service.metadata?.name) byName.set(service.metadata.name, service);
    }
  }
  return [...byName.values()].sort((one, other) => (one.metadata?.name ?? '') < (other.metadata?.name ?? '') ? -1 : 1);
}

function hasAddress(service: Service): boolean {
  const address = service.spec?.clusterIP;
  return address !== undefined && address !== '' && address !== 'None';
}

/** Name → value for one pod, in the order of the Services' names. */
export function serviceVariables(services: readonly Service[]): Map<string, string> {
  const variables = new Map<string, string>();
  for (const service of services) addVariables(service, variables);
  return variables;
}

function addVariables(service: Service, variables: Map<string, string>): void {
  const name = variableName(service.metadata?.name ?? '');
  const host = service.spec?.clusterIP ?? '';
  const ports = service.spec?.ports ?? [];
  variables.set(`${name}_SERVICE_HOST`, host);
  const first = ports[0];
  if (!first) return;
  variables.set(`${name}_SERVICE_PORT`, String(first.port));
  for (const port of ports) {
    if (port.name) variables.set(`${name}_SERVICE_PORT_${variableName(port.name)}`, String(port.port));
  }
  ports.forEach((port, index) => {
    const protocol = port.protocol ?? 'TCP';
    const url = `${protocol.toLowerCase()}://${host.includes(':') ? `[${host}]` : host}:${port.port}`;
    if (index === 0) variables.set(`${name}_PORT`, url);
    const prefix = `${name}_PORT_${port.port}_${protocol.toUpperCase()}`;
    variables.set(prefix, url);
    variables.set(`${prefix}_PROTO`, protocol.toLowerCase());
    variables.set(`${prefix}_PORT`, String(port.port));
    variables.set(`${prefix}_ADDR`, host);
  });
}

function variableName(text: string): string {
  return text.toUpperCase().replaceAll('-', '_');
}
