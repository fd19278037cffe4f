/** Validation of Events, beyond metadata. Follows pkg/apis/core/validation/events.go. */
import type { Event } from '../../../../api/core.ts';
import { check, invalid, notNegative, tooLong, type FieldError } from '../../validation/field-errors.ts';
import { dnsSubdomain } from '../../validation/names.ts';

const maxMessageBytes = 1024;
const maxReasonBytes = 128;
/** Events about things without a namespace live here, or in kube-system. */
const clusterNamespaces = ['', 'default', 'kube-system'];

export function validateEvent(event: Event): FieldError[] {
  const namespace = event.metadata.namespace ?? '';
  const involved = event.involvedObject.namespace ?? '';
  const fits = involved === '' ? clusterNamespaces.includes(namespace) : involved === namespace;
  const errors = fits ? [] : [invalid('involvedObject.namespace', involved, 'does not match event.namespace')];
  errors.push(...check('namespace', namespace, dnsSubdomain), ...notNegative('count', event.count));
  // Only events of the newer recorder, which have a time, have these limits.
  if (!event.eventTime) return errors;
  if (Buffer.byteLength(event.message ?? '') > maxMessageBytes) errors.push(tooLong('note', maxMessageBytes));
  if (Buffer.byteLength(event.reason ?? '') > maxReasonBytes) errors.push(tooLong('reason', maxReasonBytes));
  return errors;
}

export function validateEventUpdate(event: Event, _old: Event): FieldError[] {
  return validateEvent(event);
}
