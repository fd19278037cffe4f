/** Defaults of containers of all three sorts. Follows pkg/apis/core/v1/defaults.go. */
import type { Container, LifecycleHandler, Probe } from '../../../../api/core.ts';

/** What the three sorts of containers have in common. */
export type ContainerFields = Pick<Container,
  'name' | 'image' | 'imagePullPolicy' | 'ports' | 'env' | 'resources' | 'lifecycle' | 'livenessProbe' | 'readinessProbe'
  | 'startupProbe' | 'terminationMessagePath' | 'terminationMessagePolicy'>;

export function defaultContainer(container: ContainerFields): void {
  container.imagePullPolicy ||= defaultPullPolicy(container.image ?? '');
  container.terminationMessagePath ||= '/dev/termination-log';
  container.terminationMessagePolicy ||= 'File';
  container.resources ??= {};
  for (const port of container.ports ?? []) port.protocol ||= 'TCP';
  for (const variable of container.env ?? []) {
    const fieldRef = variable.valueFrom?.fieldRef;
    if (fieldRef) fieldRef.apiVersion ||= 'v1';
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) if (probe) defaultProbe(probe);
  for (const handler of [container.lifecycle?.postStart, container.lifecycle?.preStop]) if (handler) defaultHttpGet(handler);
}

/** An image named `latest`, or without tag and digest, may be another one tomorrow. */
export function defaultPullPolicy(image: string): string {
  const [name = '', digest] = image.split('@');
  const tag = /:([^/:]+)$/.exec(name)?.[1] ?? (digest ? '' : 'latest');
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function defaultProbe(probe: Probe): void {
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  defaultHttpGet(probe);
  if (probe.grpc) probe.grpc.service ??= '';
}

function defaultHttpGet({ httpGet }: LifecycleHandler): void {
  if (!httpGet) return;
  httpGet.path ||= '/';
  httpGet.scheme ||= 'HTTP';
}
