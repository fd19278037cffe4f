/** Deployments. Follows pkg/registry/apps/deployment. */
import type { Deployment } from '../../../../api/apps.ts';
import { deployments } from '../../../../api/resources.ts';
import { workloadWarnings } from '../../core/pod/warnings.ts';
import { deepEqual } from '../../deep-equal.ts';
import { keepField } from '../../keep-field.ts';
import { plainStrategy } from '../../strategy.ts';
import type { Strategy } from '../../strategy.ts';
import { defaultDeployment } from './defaults.ts';
import { validateDeployment, validateDeploymentStatusUpdate, validateDeploymentUpdate } from './validation.ts';

export const deploymentStrategy: Strategy<Deployment> = {
  ...plainStrategy,
  resource: deployments,
  defaults: defaultDeployment,
  validate: validateDeployment,
  validateUpdate: validateDeploymentUpdate,
  validateStatusUpdate: validateDeploymentStatusUpdate,
  warnings: workloadWarnings,
  prepareForCreate(deployment) {
    deployment.status = {};
  },
  prepareForUpdate(deployment, old) {
    keepField(deployment, old, 'status');
  },
  prepareForStatusUpdate(deployment, old) {
    keepField(deployment, old, 'spec');
    keepField(deployment.metadata!, old.metadata, 'labels');
  },
  // Annotations count too: the controller copies them to the replica sets.
  generationChanged: (deployment, old) => !deepEqual(deployment.spec, old.spec)
    || !deepEqual(deployment.metadata?.annotations ?? {}, old.metadata?.annotations ?? {}),
};
