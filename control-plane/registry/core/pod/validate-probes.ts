/** Probes and lifecycle hooks. Follows pkg/apis/core/validation. */
import type { HTTPGetAction, Lifecycle, LifecycleHandler, Probe } from './pod-parts.ts';
import { check, forbidden, invalid, notNegative, oneOf, portNumber, positive, required, type FieldError } from '../../validation/field-errors.ts';
import { portName } from '../../validation/names.ts';

interface Probed {
  livenessProbe?: Probe;
  readinessProbe?: Probe;
  startupProbe?: Probe;
}

const handlerTypes = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const;
const counts = ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const;

export function validateProbes({ livenessProbe, readinessProbe, startupProbe }: Probed, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (livenessProbe) errors.push(...validateProbe(livenessProbe, `${path}.livenessProbe`), ...validateOneSuccess(livenessProbe, `${path}.livenessProbe`));
  if (readinessProbe) {
    errors.push(...validateProbe(readinessProbe, `${path}.readinessProbe`));
    const seconds = readinessProbe.terminationGracePeriodSeconds;
    if (seconds !== undefined) errors.push(invalid(`${path}.readinessProbe.terminationGracePeriodSeconds`, seconds, 'must not be set for readinessProbes'));
  }
  if (startupProbe) errors.push(...validateProbe(startupProbe, `${path}.startupProbe`), ...validateOneSuccess(startupProbe, `${path}.startupProbe`));
  return errors;
}

function validateProbe(probe: Probe, path: string): FieldError[] {
  return [
    ...validateHandler(probe, path),
    ...counts.flatMap((field) => notNegative(`${path}.${field}`, probe[field])),
    ...positive(`${path}.terminationGracePeriodSeconds`, probe.terminationGracePeriodSeconds),
  ];
}

/** A container that fails its liveness probe is restarted: there is no second success to wait for. */
function validateOneSuccess({ successThreshold }: Probe, path: string): FieldError[] {
  return successThreshold === 1 ? [] : [invalid(`${path}.successThreshold`, successThreshold ?? 0, 'must be 1')];
}

/** @param gracePeriod seconds; a hook that sleeps must be awake before. */
export function validateLifecycle(lifecycle: Lifecycle | undefined, path: string, gracePeriod: number | undefined): FieldError[] {
  return (['postStart', 'preStop'] as const).flatMap((hook) => {
    const handler = lifecycle?.[hook];
    return handler ? [...validateHandler(handler, `${path}.${hook}`), ...validateSleep(handler, `${path}.${hook}.sleep`, gracePeriod)] : [];
  });
}

function validateSleep({ sleep }: LifecycleHandler, field: string, gracePeriod: number | undefined): FieldError[] {
  if (!sleep || gracePeriod === undefined || (sleep.seconds >= 0 && sleep.seconds <= gracePeriod)) return [];
  return [invalid(field, sleep.seconds, `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriod})`)];
}

type Handler = LifecycleHandler & Pick<Probe, 'grpc'>;

function validateHandler(handler: Handler, path: string): FieldError[] {
  const types = handlerTypes.filter((type) => handler[type] !== undefined);
  if (types.length === 0) return [required(path, 'must specify a handler type')];
  const { exec, httpGet, tcpSocket, grpc } = handler;
  return [
    ...types.slice(1).map((type) => forbidden(`${path}.${type}`, 'may not specify more than 1 handler type')),
    ...(exec && !exec.command?.length ? [required(`${path}.exec.command`)] : []),
    ...(httpGet ? validateHttpGet(httpGet, `${path}.httpGet`) : []),
    ...(tcpSocket ? validatePortReference(tcpSocket.port, `${path}.tcpSocket.port`) : []),
    ...(grpc ? portNumber(`${path}.grpc.port`, grpc.port) : []),
  ];
}

function validateHttpGet({ path: text, port, scheme, httpHeaders = [] }: HTTPGetAction, path: string): FieldError[] {
  return [
    ...(text ? [] : [required(`${path}.path`)]),
    ...validatePortReference(port, `${path}.port`),
    ...oneOf(`${path}.scheme`, scheme, ['HTTP', 'HTTPS']),
    ...httpHeaders.flatMap((header) => check(`${path}.httpHeaders`, header.name, headerName)),
  ];
}

function headerName(text: string): string[] {
  return /^[-A-Za-z0-9]+$/.test(text) ? [] : ["a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"];
}

/** The number of a port, or the name that a container gives it. */
export function validatePortReference(port: number | string | undefined, field: string): FieldError[] {
  if (typeof port === 'string') return check(field, port, portName);
  return portNumber(field, port);
}
