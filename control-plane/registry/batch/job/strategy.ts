/** Jobs. Follows pkg/registry/batch/job. */
import type { Job } from '../../../../api/batch.ts';
import { jobs } from '../../../../api/resources.ts';
import { workloadWarnings } from '../../core/pod/warnings.ts';
import { createRecordStrategy } from '../../record-strategy.ts';
import type { Strategy } from '../../strategy.ts';
import type { Writable } from '../../writable.ts';
import { defaultJob } from './defaults.ts';
import { generateSelector, labelWithName } from './generated-selector.ts';
import { validateJobStatusUpdate } from './validate-status.ts';
import { validateJob, validateJobUpdate } from './validation.ts';

export const jobStrategy: Strategy<Job> = createRecordStrategy<Job>(jobs, {
  selectableFields: ['status.successful'],
  selectField: ({ status }, field) => (field === 'status.successful' ? String(status?.succeeded ?? 0) : ''),
  defaults: defaultJob,
  validate: validateJob,
  validateUpdate: validateJobUpdate,
  validateStatusUpdate: validateJobStatusUpdate,
  warnings: workloadWarnings,
  orphansByDefault: {
    warning: 'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
  },
  prepareForCreate(job: Writable<Job>) {
    job.status = {};
    generateSelector(job);
  },
  canonicalize: labelWithName,
});
