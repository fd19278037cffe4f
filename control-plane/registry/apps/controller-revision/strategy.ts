/** ControllerRevisions: a state that a StatefulSet or DaemonSet has had. Follows pkg/registry/apps/controllerrevision. */
import type { ControllerRevision } from '../../../../api/apps.ts';
import { controllerRevisions } from '../../../../api/resources.ts';
import { plainStrategy, type Strategy } from '../../strategy.ts';
import { validateControllerRevision, validateControllerRevisionUpdate } from './validation.ts';

export const controllerRevisionStrategy: Strategy<ControllerRevision> = {
  ...plainStrategy,
  resource: controllerRevisions,
  allowUnconditionalUpdate: false,
  validate: validateControllerRevision,
  validateUpdate: validateControllerRevisionUpdate,
};
