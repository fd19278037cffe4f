/** What each of Kubernetes' own signers signs. Follows pkg/controller/certificates/signer and pkg/apis/certificates/helpers. */

/** The parts of a PKCS #10 request that the rules look at. */
export interface RequestedCertificate {
  commonName: string;
  organizations: readonly string[];
  dnsNames: readonly string[];
  ipAddresses: readonly string[];
  emails: readonly string[];
  uris: readonly string[];
}

export type SignerName = 'kubernetes.io/kube-apiserver-client' | 'kubernetes.io/kube-apiserver-client-kubelet' | 'kubernetes.io/kubelet-serving';

const nodePrefix = 'system:node:';
const nodesGroup = 'system:nodes';
const base: readonly string[] = ['digital signature', 'key encipherment'];

export function isKnownSigner(name: string): name is SignerName {
  return name === 'kubernetes.io/kube-apiserver-client' || name === 'kubernetes.io/kube-apiserver-client-kubelet' || name === 'kubernetes.io/kubelet-serving';
}

/** @returns why the signer does not sign it, undefined where it does. */
export function signerProblem(signer: SignerName, requested: RequestedCertificate, usages: readonly string[]): string | undefined {
  switch (signer) {
    case 'kubernetes.io/kube-apiserver-client': return usagesProblem(usages, 'client auth');
    case 'kubernetes.io/kube-apiserver-client-kubelet': return nodeProblem(requested) ?? clientNamesProblem(requested) ?? kubeletUsagesProblem(usages, 'client auth');
    case 'kubernetes.io/kubelet-serving': return nodeProblem(requested) ?? servingNamesProblem(requested) ?? kubeletUsagesProblem(usages, 'server auth');
  }
}

function usagesProblem(usages: readonly string[], needed: string): string | undefined {
  const allowed = [...base, needed];
  if (!usages.includes(needed)) return `usages did not match [${allowed.join(', ')}]`;
  return usages.every((usage) => allowed.includes(usage)) ? undefined : `usages did not match [${allowed.join(', ')}]`;
}

function kubeletUsagesProblem(usages: readonly string[], needed: string): string | undefined {
  return usages.includes('digital signature') ? usagesProblem(usages, needed) : `usages did not match [${[...base, needed].join(', ')}]`;
}

function nodeProblem({ commonName, organizations }: RequestedCertificate): string | undefined {
  if (organizations.length !== 1 || organizations[0] !== nodesGroup) return `subject organization is not ${nodesGroup}`;
  return commonName.startsWith(nodePrefix) && commonName.length > nodePrefix.length ? undefined : `subject common name does not begin with ${nodePrefix}`;
}

function clientNamesProblem({ dnsNames, ipAddresses, emails, uris }: RequestedCertificate): string | undefined {
  if (dnsNames.length > 0) return 'DNS subjectAltNames are not allowed';
  if (emails.length > 0) return 'Email subjectAltNames are not allowed';
  if (ipAddresses.length > 0) return 'IP subjectAltNames are not allowed';
  return uris.length > 0 ? 'URI subjectAltNames are not allowed' : undefined;
}

function servingNamesProblem({ dnsNames, ipAddresses, emails, uris }: RequestedCertificate): string | undefined {
  if (emails.length > 0) return 'Email subjectAltNames are not allowed';
  if (uris.length > 0) return 'URI subjectAltNames are not allowed';
  return dnsNames.length + ipAddresses.length === 0 ? 'DNS or IP subjectAltName is required' : undefined;
}
