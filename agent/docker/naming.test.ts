import { expect, it } from 'vitest';
import { mayLowerOomScore } from './negative-oom-score.ts';
import { containerName, parseContainerName } from './naming.ts';
import { hostNetworkHostsFile, hostsFile, resolvConf } from './etc-files.ts';

it('makes names that say what they are made of', () => {
  const parts = { container: 'web', pod: 'web-0', namespace: 'shop', uid: '1-2-3', attempt: 4 };
  expect(containerName(parts)).toBe('bramble_web_web-0_shop_1-2-3_4');
  expect(parseContainerName(`/${containerName(parts)}`)).toEqual(parts);
  for (const other of ['redis', 'k8s_a_b_c_d_0', 'bramble_a_b_c_d', 'bramble_a_b_c_d_x', 'bramble_a_b_c_d_0_e']) expect(parseContainerName(other)).toBeUndefined();
});

it('knows from the bounding set whether a score can be lowered', () => {
  expect(mayLowerOomScore('Name:\tnode\nCapBnd:\t000001ffffffffff\n')).toBe(true);
  expect(mayLowerOomScore('CapBnd:\t000001fffeffffff\n')).toBe(false);
  expect(mayLowerOomScore('')).toBe(false);
});

it('writes hosts files as the kubelet does', () => {
  const config = { hostname: 'web-0', fullyQualifiedName: 'web-0.web.shop.svc.cluster.local', hostAliases: [{ ip: '203.0.113.1', hostnames: ['a', 'b'] }] };
  expect(hostsFile(config, '198.18.1.2')).toBe(`# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
198.18.1.2\tweb-0.web.shop.svc.cluster.local\tweb-0

# Entries added by HostAliases.
203.0.113.1\ta\tb
`);
  expect(hostNetworkHostsFile('127.0.0.1 localhost', [])).toBe('# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n');
});

it('writes resolv.conf', () => {
  expect(resolvConf({ servers: ['198.19.0.10', '203.0.113.2'], searches: ['a', 'b'], options: ['ndots:5'] })).toBe('search a b\nnameserver 198.19.0.10\nnameserver 203.0.113.2\noptions ndots:5\n');
  expect(resolvConf({ servers: [], searches: [], options: [] })).toBe('');
});
