import { beforeEach, describe, expect, it } from 'vitest';
import type { Pod } from '../../api/core.ts';
import { configMaps, namespaces, nodes, pods, priorityClasses, serviceAccounts } from '../../api/resources.ts';
import { refusal } from '../registry/testing/refusal.ts';
import { createTestRegistry } from '../registry/testing/test-registry.ts';
import type { TestRegistry } from '../registry/testing/test-registry.ts';

type Spec = NonNullable<Pod['spec']>;

describe('admission', () => {
  let test: TestRegistry;
  beforeEach(async () => { test = await createTestRegistry(); });
  const createPod = (spec: Partial<Spec> = {}, metadata: Pod['metadata'] = { name: 'web' }, namespace = 'default') =>
    test.registry.of(pods).create(test.context, namespace, { metadata, spec: { containers: [{ name: 'main', image: 'busybox' }], ...spec } });

  describe('NamespaceLifecycle', () => {
    it('refuses content of a missing namespace', async () => {
      const error = await refusal(test.registry.of(configMaps).create(test.context, 'gone', { metadata: { name: 'a' } }));
      expect([error.code, error.message]).toEqual([404, 'namespaces "gone" not found']);
    });

    it.each(['default', 'kube-system'])('keeps %s', async (name) => {
      const error = await refusal(test.registry.of(namespaces).delete(test.context, name, undefined, {}));
      expect([error.code, error.message]).toEqual([403, `namespaces "${name}" is forbidden: this namespace may not be deleted`]);
    });

    it('lets what is there be changed and deleted in a namespace that ends', async () => {
      await test.client.resource(namespaces).create({ metadata: { name: 'team' } });
      await test.client.resource(configMaps).create({ metadata: { name: 'a', namespace: 'team' } });
      await test.client.resource(namespaces).delete('team');
      await test.client.resource(configMaps).modify('a', 'team', (copy) => ({ ...copy, data: { still: 'here' } }));
      await test.client.resource(configMaps).delete('a', 'team');
    });
  });

  describe('ServiceAccount', () => {
    it('names the default account', async () => {
      expect((await createPod()).spec).toMatchObject({ serviceAccountName: 'default', serviceAccount: 'default' });
    });

    it('understands the deprecated field', async () => {
      await test.client.resource(serviceAccounts).create({ metadata: { name: 'robot', namespace: 'default' } });
      expect((await createPod({ serviceAccount: 'robot' })).spec?.serviceAccountName).toBe('robot');
    });

    it('refuses an account that does not exist', async () => {
      const error = await refusal(createPod({ serviceAccountName: 'robot' }));
      expect([error.code, error.message]).toEqual([403, 'pods "web" is forbidden: error looking up service account default/robot: serviceaccount "robot" not found']);
    });

    const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';

    it('mounts a token, the authority and the namespace where in-cluster clients look', async () => {
      const { spec } = await createPod();
      const volume = spec?.volumes?.find(({ projected }) => projected);
      expect(volume?.name).toMatch(/^kube-api-access-[a-z0-9]{5}$/);
      expect(volume?.projected?.sources?.map((source) => Object.keys(source)[0])).toEqual(['serviceAccountToken', 'configMap', 'downwardAPI']);
      expect(spec?.containers[0]?.volumeMounts).toEqual([expect.objectContaining({ name: volume?.name, readOnly: true, mountPath })]);
    });

    it('mounts no token where pod or account say so, and the pod has the last word', async () => {
      await test.client.resource(serviceAccounts).create({ metadata: { name: 'robot', namespace: 'default' }, automountServiceAccountToken: false, imagePullSecrets: [{ name: 'registry' }] });
      const quiet = await createPod({ serviceAccountName: 'robot' });
      expect([quiet.spec?.volumes, quiet.spec?.imagePullSecrets]).toEqual([undefined, [{ name: 'registry' }]]);
      expect((await createPod({ serviceAccountName: 'robot', automountServiceAccountToken: true }, { name: 'loud' })).spec?.volumes).toHaveLength(1);
      expect((await createPod({ automountServiceAccountToken: false }, { name: 'shy' })).spec?.volumes).toBeUndefined();
    });

    it('leaves a container alone that mounts something there itself', async () => {
      const own = { name: 'own', mountPath };
      const { spec } = await createPod({ volumes: [{ name: 'own', emptyDir: {} }], containers: [{ name: 'c', image: 'x', volumeMounts: [own] }] });
      expect([spec?.volumes?.length, spec?.containers[0]?.volumeMounts?.length]).toEqual([1, 1]);
    });

    const reads = (name: string) => [{ name: 'E', valueFrom: { secretKeyRef: { name, key: 'k' } } }];
    it.each<[string, Partial<Spec>, string]>([
      ['an account', { serviceAccountName: 'default' }, 'a mirror pod may not reference service accounts'],
      ['a secret', { volumes: [{ name: 'v', secret: { secretName: 'a' } }] }, 'a mirror pod may not reference secrets'],
      ['a secret of a driver', { volumes: [{ name: 'v', csi: { driver: 'd', nodePublishSecretRef: { name: 'a' } } }] }, 'a mirror pod may not reference secrets'],
      ['a secret of the registry', { imagePullSecrets: [{ name: 'a' }] }, 'a mirror pod may not reference secrets'],
      ['a variable', { containers: [{ name: 'c', image: 'x', env: reads('a') }] }, 'a mirror pod may not reference secrets'],
      ['a token', { volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }] }, 'a mirror pod may not use ServiceAccountToken volume projections'],
    ])('refuses a mirror pod with %s', async (_what, spec, expected) => {
      const error = await refusal(createPod({ nodeName: 'pi', ...spec }, { name: 'web', annotations: { 'kubernetes.io/config.mirror': 'a' } }));
      expect(error.message).toBe(`pods "web" is forbidden: ${expected}`);
    });

    it.each<[Partial<Spec>, string | undefined]>([
      [{ volumes: [{ name: 'v', secret: { secretName: 'own' } }], imagePullSecrets: [{ name: 'pull' }] }, undefined],
      [{ volumes: [{ name: 'v', secret: { secretName: 'b' } }] }, 'volume with secret.secretName="b" is not allowed because service account robot does not reference that secret'],
      [{ containers: [{ name: 'c', image: 'x', env: reads('b') }] }, 'container c with envVar E referencing secret.secretName="b" is not allowed because service account robot does not reference that secret'],
      [{ initContainers: [{ name: 'i', image: 'x', env: reads('b') }] }, 'init container i with envVar E referencing secret.secretName="b" is not allowed because service account robot does not reference that secret'],
      [{ containers: [{ name: 'c', image: 'x', envFrom: [{ secretRef: { name: 'b' } }] }] }, 'container c with envFrom referencing secret.secretName="b" is not allowed because service account robot does not reference that secret'],
      [{ imagePullSecrets: [{ name: 'b' }] }, 'imagePullSecrets[0].name="b" is not allowed because service account robot does not reference that imagePullSecret'],
    ])('keeps pods to the secrets of their account where that says so (%#)', async (spec, expected) => {
      await test.client.resource(serviceAccounts).create({
        metadata: { name: 'robot', namespace: 'default', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } }, secrets: [{ name: 'own' }], imagePullSecrets: [{ name: 'pull' }],
      });
      const creation = createPod({ serviceAccountName: 'robot', ...spec });
      if (expected === undefined) await creation;
      else expect((await refusal(creation)).message).toBe(`pods "web" is forbidden: ${expected}`);
    });

    it('keeps containers that join later to the secrets of the account too', async () => {
      await test.client.resource(serviceAccounts).create({ metadata: { name: 'robot', namespace: 'default', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } } });
      await createPod({ serviceAccountName: 'robot' });
      const debug = test.registry.of(pods).update(test.context, {
        name: 'web', namespace: 'default', subresource: 'ephemeralcontainers',
        change: (pod) => ({ ...pod, spec: { ...pod.spec!, ephemeralContainers: [{ name: 'debug', image: 'x', env: reads('b') }] } }),
      });
      expect((await refusal(debug)).message).toBe(
        'pods "web" is forbidden: ephemeral container debug with envVar E referencing secret.secretName="b" is not allowed because service account robot does not reference that secret');
    });

    it('waits a little for the default account of a new namespace', async () => {
      await test.client.resource(namespaces).create({ metadata: { name: 'team' } });
      const creation = createPod({}, { name: 'web' }, 'team');
      await test.clock.advance(250);
      await test.client.resource(serviceAccounts).create({ metadata: { name: 'default', namespace: 'team' } });
      await test.clock.advance(100);
      expect((await creation).spec?.serviceAccountName).toBe('default');
    });

    it('does not wait forever', async () => {
      await test.client.resource(namespaces).create({ metadata: { name: 'team' } });
      const refused = refusal(createPod({}, { generateName: 'web-' }, 'team'));
      await test.clock.advance(5000);
      expect((await refused).message).toBe('pods "web-" is forbidden: error looking up service account team/default: serviceaccount "default" not found');
    });
  });

  describe('Priority', () => {
    it.each([[undefined, 0], ['system-cluster-critical', 2_000_000_000], ['system-node-critical', 2_000_001_000]])('class %s is %i', async (priorityClassName, priority) => {
      expect((await createPod({ priorityClassName })).spec).toMatchObject({ priority, preemptionPolicy: 'PreemptLowerPriority' });
    });

    it('refuses an unknown class and a priority of the client', async () => {
      expect((await refusal(createPod({ priorityClassName: 'high' }))).message).toBe('pods "web" is forbidden: no PriorityClass with name high was found');
      expect((await refusal(createPod({ priority: 5 }))).message).toContain('the integer value of priority (5) must not be provided in pod spec');
    });
  });

  it('keeps the system priority classes', async () => {
    const classes = test.client.resource(priorityClasses);
    for (const [name, value] of [['system-node-critical', 2_000_001_000], ['mine', 5]] as const) await classes.create({ metadata: { name }, value });
    expect((await refusal(classes.delete('system-node-critical'))).message).toBe('priorityclasses.scheduling.k8s.io "system-node-critical" is forbidden: this is a system priority class and cannot be deleted');
    await classes.delete('mine');
  });

  describe('DefaultTolerationSeconds', () => {
    const added = (key: string) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 });
    it('tolerates nodes that are away for five minutes', async () => {
      expect((await createPod()).spec?.tolerations).toEqual([added('node.kubernetes.io/not-ready'), added('node.kubernetes.io/unreachable')]);
    });

    it('leaves what the pod says itself', async () => {
      const own = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 };
      expect((await createPod({ tolerations: [own] })).spec?.tolerations).toEqual([own, added('node.kubernetes.io/unreachable')]);
      expect((await createPod({ tolerations: [{ operator: 'Exists' }] }, { name: 'all' })).spec?.tolerations).toEqual([{ operator: 'Exists' }]);
    });
  });

  describe('PodTopologyLabels', () => {
    const zone = 'topology.kubernetes.io/zone';
    const region = 'topology.kubernetes.io/region';
    beforeEach(async () => {
      await test.client.resource(nodes).create({ metadata: { name: 'pi', labels: { [zone]: 'z', [region]: 'r', 'topology.kubernetes.io/rack': 'k' } } });
      await test.client.resource(nodes).create({ metadata: { name: 'plain' } });
    });
    const labelsOf = (name: string) => test.registry.of(pods).get(name, 'default').metadata?.labels;

    it('puts zone and region of the node on a pod that is bound to it', async () => {
      await createPod({}, { name: 'web', labels: { app: 'web', [zone]: 'elsewhere' } });
      await test.client.bind('default', 'web', '', 'pi');
      expect(labelsOf('web')).toEqual({ app: 'web', [zone]: 'z', [region]: 'r' });
    });

    it.each([['pi', { [zone]: 'z', [region]: 'r' }], ['plain', undefined], ['gone', undefined]])('does so for a pod that is made for node %s', async (nodeName, expected) => {
      await createPod({ nodeName });
      expect(labelsOf('web')).toEqual(expected);
    });
  });

  it('TaintNodesByCondition taints a new node once', async () => {
    const taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
    const node = await test.client.resource(nodes).create({ metadata: { name: 'pi-1' } });
    expect(node.spec?.taints).toEqual([taint]);
    const untainted = await test.client.resource(nodes).modify('pi-1', undefined, (copy) => ({ ...copy, spec: { ...copy.spec, taints: [] } }));
    expect(untainted.spec?.taints).toEqual([]);
    expect((await test.client.resource(nodes).create({ metadata: { name: 'pi-2' }, spec: { taints: [taint] } })).spec?.taints).toEqual([taint]);
  });
});
