import { expect, test } from 'vitest';
import { pods } from '../../../../api/resources.ts';
import { createTestRegistry } from '../../testing/test-registry.ts';
import { cronJobStrategy } from '../../batch/cron-job/strategy.ts';
import { podTemplateStrategy } from '../pod-template/strategy.ts';
import { podWarnings, workloadWarnings } from './warnings.ts';

const containers = [{ name: 'a', image: 'a' }];

test.each<[object, string[]]>([
  [{}, []],
  [{ nodeSelector: { 'beta.kubernetes.io/arch': 'arm64' } }, ['spec.nodeSelector[beta.kubernetes.io/arch]: deprecated since v1.14; use "kubernetes.io/arch" instead']],
  [{ topologySpreadConstraints: [{ topologyKey: 'failure-domain.beta.kubernetes.io/zone' }] }, ['spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead']],
  [{ volumes: [{ name: 'v', glusterfs: {} }] }, ['spec.volumes[0].glusterfs: deprecated in v1.25, non-functional in v1.26+']],
  [{ hostAliases: [{ ip: '1.1.1.1' }, { ip: '1.1.1.1' }] }, ['spec.hostAliases[1].ip: duplicate ip "1.1.1.1"']],
  [{ imagePullSecrets: [{ name: 'a' }, { name: 'a' }, {}] }, ['spec.imagePullSecrets[1].name: duplicate name "a"', 'spec.imagePullSecrets[2].name: invalid empty name ""']],
  [{ containers: [{ resources: { limits: { memory: '100m' } }, env: [{ name: 'A', value: '1' }, { name: 'A', value: '2' }, { name: 'B' }, { name: 'B', value: '$(B)x' }], ports: [{ containerPort: 80 }, { containerPort: 80, name: 'x' }] }] }, [
    'spec.containers[0].resources.limits[memory]: fractional byte value "100m" is invalid, must be an integer', 'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
    'spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]',
  ]],
  [{ terminationGracePeriodSeconds: -1 }, ['spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1']],
])('%.110j', (spec, expected) => {
  expect(podWarnings({ metadata: { name: 'p' }, spec: { containers, ...spec } }, undefined)).toEqual(expected);
  expect(podWarnings({ metadata: { name: 'p' }, spec: { containers, ...spec } }, { spec: { containers, ...spec } })).toEqual([]);
  const inTemplate = expected.map((text) => text.replaceAll('spec.containers', 'spec.template.spec.containers').replace(/^spec\.(?!template)/, 'spec.template.spec.'));
  expect(workloadWarnings({ metadata: { name: 'w' }, spec: { template: { spec: { containers, ...spec } } } }, undefined)).toEqual(inTemplate);
});

test('clients hear of them', async () => {
  const { registry, context } = await createTestRegistry();
  const warnings: string[] = [];
  await registry.of(pods).create({ ...context, warnings }, 'default', { metadata: { name: 'a.b' }, spec: { containers, terminationGracePeriodSeconds: -1 } });
  expect(warnings).toEqual([
    expect.stringMatching(/^metadata\.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: \[a lowercase RFC 1123 label must/),
    'spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
  ]);
});

test('those of CronJobs and PodTemplates name the place in the template', () => {
  const template = { spec: { containers, terminationGracePeriodSeconds: -1 } };
  const negative = 'must be >= 0; negative values are invalid and will be treated as 1';
  const cronJob = { metadata: { name: 'c' }, spec: { schedule: 'TZ=UTC * * * * *', jobTemplate: { spec: { template } } } };
  const zoned = 'CRON_TZ or TZ used in spec.spec.schedule is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details';
  expect(cronJobStrategy.warnings?.(cronJob, undefined)).toEqual([`spec.jobTemplate.spec.template.spec.terminationGracePeriodSeconds: ${negative}`, zoned]);
  expect(cronJobStrategy.warnings?.(cronJob, cronJob)).toEqual([zoned]);
  expect(podTemplateStrategy.warnings?.({ template }, undefined)).toEqual([`template.spec.terminationGracePeriodSeconds: ${negative}`]);
  expect(podTemplateStrategy.warnings?.({ template }, { template })).toEqual([]);
});
