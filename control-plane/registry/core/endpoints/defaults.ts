/** Defaults of Endpoints. Follows pkg/apis/core/v1/defaults.go. */
import type { Endpoints } from '../../../../api/core.ts';

export function defaultEndpoints(endpoints: Endpoints): void {
  for (const { ports = [] } of endpoints.subsets ?? []) for (const port of ports) port.protocol ||= 'TCP';
}
