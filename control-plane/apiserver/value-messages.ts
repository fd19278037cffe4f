/** Objects that are no row of the resource table but have a protobuf form all the same. */
import { apiVersionOf, builtInResources } from '../../api/resources.ts';

const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1.';
const others: Readonly<Record<string, string>> = {
  'v1 Status': `${meta}Status`, 'v1 APIVersions': `${meta}APIVersions`, 'v1 APIGroupList': `${meta}APIGroupList`, 'v1 APIGroup': `${meta}APIGroup`,
  'v1 APIResourceList': `${meta}APIResourceList`, 'autoscaling/v1 Scale': 'k8s.io.api.autoscaling.v1.Scale', 'policy/v1 Eviction': 'k8s.io.api.policy.v1.Eviction',
  'authentication.k8s.io/v1 TokenRequest': 'k8s.io.api.authentication.v1.TokenRequest',
  'apidiscovery.k8s.io/v2 APIGroupDiscoveryList': 'k8s.io.api.apidiscovery.v2.APIGroupDiscoveryList',
  'apidiscovery.k8s.io/v2beta1 APIGroupDiscoveryList': 'k8s.io.api.apidiscovery.v2.APIGroupDiscoveryList',
};

let messages: ReadonlyMap<string, string> | undefined;

/** @returns the message of the schema table, undefined for what has JSON only. */
export function messageOfValue(value: { apiVersion?: string; kind?: string }): string | undefined {
  messages ??= new Map([...builtInResources.map((row) => [`${apiVersionOf(row)} ${row.kind}`, row.schema] as const), ...Object.entries(others)]);
  // Of all values only APIVersions has no version.
  return messages.get(`${value.apiVersion ?? 'v1'} ${value.kind ?? ''}`);
}
