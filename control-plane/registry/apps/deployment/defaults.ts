/** Defaults of Deployments. Follows pkg/apis/apps/v1/defaults.go. */
import type { Deployment, DeploymentSpec } from '../../../../api/apps.ts';
import { defaultPodTemplate } from '../../core/pod/template-defaults.ts';

export function defaultDeployment(deployment: Deployment): void {
  const spec: Partial<DeploymentSpec> = deployment.spec ??= {} as DeploymentSpec;
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  const strategy = spec.strategy ??= {};
  strategy.type ||= 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') {
    const rolling = strategy.rollingUpdate ??= {};
    rolling.maxUnavailable ??= '25%';
    rolling.maxSurge ??= '25%';
  }
  defaultPodTemplate(spec.template ??= {});
}
