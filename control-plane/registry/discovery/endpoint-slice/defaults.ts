/** Defaults of EndpointSlices. Follows pkg/apis/discovery/v1/defaults.go. */
import type { EndpointSlice } from '../../../../api/discovery.ts';

export function defaultEndpointSlice(slice: EndpointSlice): void {
  // Clients may leave the list out, though everyone who reads slices counts on it.
  const given: Partial<EndpointSlice> = slice;
  given.endpoints ??= [];
  for (const port of slice.ports ?? []) {
    port.name ??= '';
    port.protocol ??= 'TCP';
  }
}
