/** Validation of Events, beyond metadata. Follows pkg/apis/core/validation/events.go. */
import type { Event } from '../../../../api/core.ts';
import { deepEqual } from '../../deep-equal.ts';
import { check, immutable, invalid, required, type FieldError } from '../../validation/field-errors.ts';
import { dnsSubdomain, qualifiedName } from '../../validation/names.ts';

const maxWordBytes = 128;
const maxMessageBytes = 1024;

export function validateEvent(event: Event): FieldError[] {
  const namespace = event.metadata.namespace ?? '';
  // Events of the newer recorder have a time, and must have more.
  const errors = event.eventTime ? validateNewStyle(event, namespace) : validateOldStyle(event, namespace);
  return [...errors, ...check('namespace', namespace, dnsSubdomain)];
}

export function validateEventUpdate(event: Event, _old: Event): FieldError[] {
  return validateEvent(event);
}

function misplaced(event: Event): FieldError {
  return invalid('involvedObject.namespace', event.involvedObject.namespace ?? '', 'does not match event.namespace');
}

/** Events about things without a namespace live in `default`. */
function validateOldStyle(event: Event, namespace: string): FieldError[] {
  const involved = event.involvedObject.namespace || 'default';
  return namespace === involved || (namespace === '' && !event.involvedObject.namespace) ? [] : [misplaced(event)];
}

function validateNewStyle(event: Event, namespace: string): FieldError[] {
  const { reportingComponent: controller = '', reportingInstance = '', action = '', reason = '', message = '' } = event;
  return [
    ...(event.involvedObject.namespace || namespace === 'default' || namespace === 'kube-system' ? [] : [misplaced(event)]),
    ...(controller ? [] : [required('reportingController')]),
    ...check('reportingController', controller, qualifiedName),
    ...word('reportingInstance', reportingInstance),
    ...word('action', action),
    ...word('reason', reason),
    ...atMost('message', message, maxMessageBytes),
  ];
}

function word(field: string, text: string): FieldError[] {
  return text ? atMost(field, text, maxWordBytes) : [required(field)];
}

function atMost(field: string, text: string, limit: number): FieldError[] {
  return Buffer.byteLength(text) > limit ? [invalid(field, '', `can have at most ${limit} characters`)] : [];
}

/** Not the message: Kubernetes' conformance suite asks for a new `note` by a patch, though its validation names it with these. */
const fixedFields = [
  'involvedObject', 'reason', 'source', 'firstTimestamp', 'lastTimestamp', 'count', 'type', 'eventTime', 'action', 'related',
  'reportingComponent', 'reportingInstance',
] as const;

/** What events.k8s.io/v1 asks for beyond the rules of v1. */
export function validateGroupedEvent(event: Event, old: Event | undefined): FieldError[] {
  if (old) {
    return [
      ...(deepEqual(event.series, old.series) ? [] : validateSeries(event)),
      ...fixedFields.flatMap((field) => immutable(field === 'reportingComponent' ? 'reportingController' : field, event[field], deepEqual(event[field], old[field]))),
    ];
  }
  const unset = (field: string, given: unknown): FieldError[] => (given ? [invalid(field, '', 'needs to be unset')] : []);
  return [
    ...validateSeries(event),
    ...(event.eventTime ? [] : [required('eventTime')]),
    ...(event.type === 'Normal' || event.type === 'Warning' ? [] : [invalid('type', '', `has invalid value: ${event.type ?? ''}`)]),
    ...unset('firstTimestamp', event.firstTimestamp),
    ...unset('lastTimestamp', event.lastTimestamp),
    ...unset('count', event.count),
    ...unset('source', event.source?.component || event.source?.host),
  ];
}

function validateSeries({ series }: Event): FieldError[] {
  if (!series) return [];
  return [
    ...((series.count ?? 0) < 2 ? [invalid('series.count', '', 'should be at least 2')] : []),
    ...(series.lastObservedTime ? [] : [required('series.lastObservedTime')]),
  ];
}
