/** Defaults of StatefulSets. Follows pkg/apis/apps/v1: defaults.go, conversion.go. */
import type { StatefulSet, StatefulSetSpec } from '../../../../api/apps.ts';
import { defaultClaim } from '../../core/persistent-volume-claim/defaults.ts';
import { defaultPodTemplate } from '../../core/pod/template-defaults.ts';

export function defaultStatefulSet(statefulSet: StatefulSet): void {
  const spec: Partial<StatefulSetSpec> = statefulSet.spec ??= {} as StatefulSetSpec;
  spec.podManagementPolicy ||= 'OrderedReady';
  const strategy = spec.updateStrategy ??= {};
  strategy.type ||= 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') {
    const rolling = strategy.rollingUpdate ??= {};
    rolling.partition ??= 0;
  }
  const retention = spec.persistentVolumeClaimRetentionPolicy ??= {};
  retention.whenDeleted ||= 'Retain';
  retention.whenScaled ||= 'Retain';
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  defaultPodTemplate(spec.template ??= {});
  for (const claim of spec.volumeClaimTemplates ?? []) {
    // Claims in a list are whole objects.
    claim.apiVersion = 'v1';
    claim.kind = 'PersistentVolumeClaim';
    defaultClaim(claim);
  }
}
