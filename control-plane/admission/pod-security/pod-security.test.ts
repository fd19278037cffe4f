import { beforeEach, describe, expect, it } from 'vitest';
import type { Pod, Volume } from '../../../api/core.ts';
import { deployments, namespaces, pods, serviceAccounts } from '../../../api/resources.ts';
import { refusal } from '../../registry/testing/refusal.ts';
import { createTestRegistry } from '../../registry/testing/test-registry.ts';
import type { TestRegistry } from '../../registry/testing/test-registry.ts';

type Spec = NonNullable<Pod['spec']>;

describe('PodSecurity', () => {
  let test: TestRegistry;
  beforeEach(async () => { test = await createTestRegistry(); });
  const createNamespace = async (labels: Record<string, string>): Promise<void> => {
    const prefixed = Object.fromEntries(Object.entries(labels).map(([key, value]) => [`pod-security.kubernetes.io/${key}`, value]));
    await test.registry.of(namespaces).create(test.context, undefined, { metadata: { name: 'team', labels: prefixed } });
    await test.registry.of(serviceAccounts).create(test.context, 'team', { metadata: { name: 'default' } });
  };
  const createPod = (spec: Partial<Spec> = {}, warnings: string[] = []) =>
    test.registry.of(pods).create({ ...test.context, warnings }, 'team', { metadata: { name: 'web' }, spec: { containers: [{ name: 'main', image: 'busybox' }], ...spec } });
  const hardened: Partial<Spec> = {
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [{ name: 'main', image: 'busybox', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }],
  };

  it('refuses what the restricted level forbids, in the words of kube-apiserver', async () => {
    await createNamespace({ enforce: 'restricted' });
    const error = await refusal(createPod());
    expect([error.code, error.message]).toEqual([403, 'pods "web" is forbidden: violates PodSecurity "restricted:latest": '
      + 'allowPrivilegeEscalation != false (container "main" must set securityContext.allowPrivilegeEscalation=false), '
      + 'unrestricted capabilities (container "main" must set securityContext.capabilities.drop=["ALL"]), '
      + 'runAsNonRoot != true (pod or container "main" must set securityContext.runAsNonRoot=true), '
      + 'seccompProfile (pod or container "main" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")']);
    await createPod(hardened);
  });

  it.each<[string, Partial<Spec>, string]>([
    ['host namespaces', { hostNetwork: true, hostPID: true }, 'host namespaces (hostNetwork=true, hostPID=true)'],
    ['privileged containers', { containers: [{ name: 'a', image: 'b', securityContext: { privileged: true } }] }, 'privileged (container "a" must not set securityContext.privileged=true)'],
    ['host paths', { volumes: [{ name: 'v', hostPath: { path: '/' } }] }, 'hostPath volumes (volume "v")'],
    ['host ports', { containers: [{ name: 'a', image: 'b', ports: [{ containerPort: 80, hostPort: 80 }] }] }, 'hostPort (container "a" uses hostPort 80)'],
    ['capabilities', { containers: [{ name: 'a', image: 'b', securityContext: { capabilities: { add: ['NET_RAW'] } } }] }, 'non-default capabilities (container "a" must not include "NET_RAW" in securityContext.capabilities.add)'],
    ['sysctls', { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } }, 'forbidden sysctls (kernel.msgmax)'],
  ])('refuses %s at the baseline level', async (_name, spec, expected) => {
    await createNamespace({ enforce: 'baseline', 'enforce-version': 'v1.30' });
    expect((await refusal(createPod(spec))).message).toBe(`pods "web" is forbidden: violates PodSecurity "baseline:v1.30": ${expected}`);
  });

  it.each<[string, string, string, Partial<Spec>, string | undefined]>([
    ['an image volume', 'restricted', 'latest', { ...hardened, volumes: [{ name: 'v', image: { reference: 'data:1' } } as Volume] }, undefined],
    ['root in a user namespace of its own', 'restricted', 'v1.35', { ...hardened, hostUsers: false, securityContext: { seccompProfile: { type: 'RuntimeDefault' }, runAsUser: 0 } }, undefined],
    ['root, before user namespaces counted', 'restricted', 'v1.34', { ...hardened, hostUsers: false, securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' }, runAsUser: 0 } }, 'runAsUser=0 (pod must not set runAsUser=0)'],
    ['a probe of the loopback address', 'baseline', 'latest', { containers: [{ name: 'a', image: 'b', livenessProbe: { tcpSocket: { port: 80, host: '127.0.0.1' } } }] }, 'probe or lifecycle host (container "a" uses probe or lifecycle host "127.0.0.1")'],
    ['capabilities before the restricted level had a rule of its own', 'restricted', 'v1.7', { securityContext: { runAsNonRoot: true }, containers: [{ name: 'a', image: 'b', securityContext: { capabilities: { add: ['NET_RAW'] } } }] }, 'non-default capabilities (container "a" must not include "NET_RAW" in securityContext.capabilities.add)'],
  ])('judges %s by level and version', async (_name, level, version, spec, expected) => {
    await createNamespace({ enforce: level, 'enforce-version': version });
    if (expected === undefined) await createPod(spec);
    else expect((await refusal(createPod(spec))).message).toBe(`pods "web" is forbidden: violates PodSecurity "${level}:${version}": ${expected}`);
  });

  it('takes old annotations for profiles', async () => {
    await createNamespace({ enforce: 'baseline', 'enforce-version': 'v1.18' });
    const metadata = { name: 'web', annotations: { 'container.apparmor.security.beta.kubernetes.io/main': 'unconfined', 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' } };
    const error = await refusal(test.registry.of(pods).create(test.context, 'team', { metadata, spec: { containers: [{ name: 'main', image: 'busybox' }] } }));
    expect(error.message).toContain('forbidden AppArmor profile (annotation must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/main="unconfined"")');
    expect(error.message).toContain('seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")');
  });

  it('notes what was enforced, and labels that were there before they were checked', async () => {
    const auditAnnotations: Record<string, string> = {};
    await createNamespace({});
    await test.registry.of(pods).create({ ...test.context, auditAnnotations }, 'team', { metadata: { name: 'web' }, spec: { containers: [{ name: 'main', image: 'busybox' }] } });
    expect(auditAnnotations).toMatchObject({ 'pod-security.kubernetes.io/enforce-policy': 'privileged:latest' });
  });

  it('warns, and notes for the audit log', async () => {
    await createNamespace({ warn: 'baseline', audit: 'baseline' });
    const warnings: string[] = [];
    const auditAnnotations: Record<string, string> = {};
    await test.registry.of(pods).create({ ...test.context, warnings, auditAnnotations }, 'team', { metadata: { name: 'web' }, spec: { hostPID: true, containers: [{ name: 'main', image: 'busybox' }] } });
    expect(warnings).toEqual(['would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)']);
    expect(auditAnnotations['pod-security.kubernetes.io/audit-violations']).toBe('would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)');
  });

  it('warns of workloads whose pods will be refused', async () => {
    await createNamespace({ enforce: 'restricted' });
    const warnings: string[] = [];
    const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'busybox' }] } };
    await test.registry.of(deployments).create({ ...test.context, warnings }, 'team', { metadata: { name: 'web' }, spec: { selector: { matchLabels: { app: 'web' } }, template } });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false');
  });

  it('refuses labels that mean nothing, and shows which pods a stricter level would refuse', async () => {
    const error = await refusal(createNamespace({ enforce: 'strict' }));
    expect([error.code, error.message]).toEqual([422, 'Namespace "team" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted']);
    await createNamespace({});
    await createPod({ hostPID: true });
    const warnings: string[] = [];
    await test.registry.of(namespaces).update({ ...test.context, warnings }, {
      name: 'team', change: (namespace) => ({ ...namespace, metadata: { ...namespace.metadata, labels: { ...namespace.metadata?.labels, 'pod-security.kubernetes.io/enforce': 'baseline' } } }),
    });
    expect(warnings).toEqual(['existing pods in namespace "team" violate the new PodSecurity enforce level "baseline:latest"', 'web: host namespaces']);
  });
});
