/** Defaults of DaemonSets. Follows pkg/apis/apps/v1/defaults.go. */
import type { DaemonSet, DaemonSetSpec } from '../../../../api/apps.ts';
import { defaultPodTemplate } from '../../core/pod/template-defaults.ts';

export function defaultDaemonSet(daemonSet: DaemonSet): void {
  const spec: Partial<DaemonSetSpec> = daemonSet.spec ??= {} as DaemonSetSpec;
  const strategy = spec.updateStrategy ??= {};
  strategy.type ||= 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') {
    const rolling = strategy.rollingUpdate ??= {};
    rolling.maxUnavailable ??= 1;
    rolling.maxSurge ??= 0;
  }
  spec.revisionHistoryLimit ??= 10;
  defaultPodTemplate(spec.template ??= {});
}
