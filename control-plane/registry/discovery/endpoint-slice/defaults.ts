/** Defaults of EndpointSlices. Follows pkg/apis/discovery/v1/defaults.go. */
import type { EndpointSlice } from '../../../../api/discovery.ts';

export function defaultEndpointSlice(slice: EndpointSlice): void {
  // Clients may leave the list out, though everyone who reads slices counts on it.
  slice.endpoints = (slice.endpoints as EndpointSlice['endpoints'] | undefined) ?? [];
  for (const port of slice.ports ?? []) {
    port.name ??= '';
    port.protocol ||= 'TCP';
  }
}
