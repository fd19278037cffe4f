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
    const { fieldRef, resourceFieldRef } = variable.valueFrom ?? {};
    if (fieldRef) fieldRef.apiVersion ||= 'v1';
    // An amount that is not set is shown as zero, which stands for one.
    if (resourceFieldRef) resourceFieldRef.divisor ??= '0';
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) if (probe) defaultProbe(probe);
  for (const handler of [container.lifecycle?.postStart, container.lifecycle?.preStop]) if (handler) defaultHttpGet(handler);
}

const host = String.raw`(?:localhost|[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+|(?:[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*|\[[0-9a-fA-F:]+\]):\d+)`;
const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const imageName = new RegExp(String.raw`^(?:${host}/)?${component}(?:/${component})*(?::([\w][\w.-]{0,127}))?(@[A-Za-z][\w+.-]*:[0-9a-fA-F]{32,})?$`);
const longestImageName = 512;

/** An image named `latest`, or without tag and digest, may be another one tomorrow. What is no name of an image has no tag either. */
export function defaultPullPolicy(image: string): string {
  const parts = image.length > longestImageName ? null : imageName.exec(image);
  if (!parts) return 'IfNotPresent';
  const [, tag = parts[2] ? '' : 'latest'] = parts;
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
