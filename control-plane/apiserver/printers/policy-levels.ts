/** PriorityClasses, RuntimeClasses, FlowSchemas and priority levels, component statuses: what ranks and runs requests and pods. */
import type { ComponentStatus } from '../../../api/core.ts';
import type { FlowSchema, FlowSchemaSpec, PriorityLevelConfiguration } from '../../../api/flowcontrol.ts';
import type { RuntimeClass } from '../../../api/node.ts';
import type { PriorityClass } from '../../../api/scheduling.ts';
import { age } from './human-duration.ts';
import { none } from './labels.ts';
import { ageColumn, column, nameColumn, type Printer } from './printer.ts';
import { record } from './records.ts';

export const priorityClassPrinter: Printer<PriorityClass> = {
  columns: [
    nameColumn,
    column('Value', { type: 'integer', description: 'The priority.' }),
    column('Global-Default', { type: 'boolean', description: 'Whether pods without a class get this one.' }),
    ageColumn,
    column('PreemptionPolicy', { description: 'Whether its pods may push others out.' }),
  ],
  cells: ({ metadata, value, globalDefault, preemptionPolicy }, now) =>
    [metadata?.name ?? '', value, globalDefault ?? false, age(metadata?.creationTimestamp, now), preemptionPolicy ?? ''],
};

export const runtimeClassPrinter: Printer<RuntimeClass> = record<RuntimeClass>([column('Handler', { description: 'What runs its pods.' })], ({ handler }) => [handler]);

export const flowSchemaPrinter: Printer<FlowSchema> = {
  columns: [
    nameColumn,
    column('PriorityLevel', { description: 'Where its requests wait.' }),
    column('MatchingPrecedence', { description: 'Schemas with lower numbers are looked at first.' }),
    column('DistinguisherMethod', { description: 'What makes two requests belong to one flow.' }),
    ageColumn,
    column('MissingPL', { description: 'references a broken or non-existent PriorityLevelConfiguration' }),
  ],
  cells: ({ metadata, spec, status }, now) => {
    const { priorityLevelConfiguration, matchingPrecedence, distinguisherMethod }: Partial<FlowSchemaSpec> = spec ?? {};
    return [
      metadata?.name ?? '', priorityLevelConfiguration?.name ?? '', matchingPrecedence ?? 0, distinguisherMethod?.type ?? none,
      age(metadata?.creationTimestamp, now), status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
    ];
  },
};

export const priorityLevelPrinter: Printer<PriorityLevelConfiguration> = record<PriorityLevelConfiguration>([
  column('Type', { description: 'Limited or Exempt.' }),
  column('NominalConcurrencyShares', { description: 'Its share of the requests under way.' }),
  column('Queues', { description: 'How many queues it has.' }),
  column('HandSize', { description: 'How many of them a flow may use.' }),
  column('QueueLengthLimit', { description: 'How many requests may wait in one.' }),
], ({ spec }) => {
  const { limited } = spec ?? {};
  const queuing = limited?.limitResponse?.queuing;
  return [spec?.type ?? '', limited ? limited.nominalConcurrencyShares ?? 0 : none, queuing?.queues ?? none, queuing?.handSize ?? none, queuing?.queueLengthLimit ?? none];
});

export const componentStatusPrinter: Printer<ComponentStatus> = {
  columns: [
    nameColumn,
    column('Status', { description: 'Status of the component conditions' }),
    column('Message', { description: 'Message of the component conditions' }),
    column('Error', { description: 'Error of the component conditions' }),
  ],
  cells: ({ metadata, conditions }) => {
    const healthy = conditions?.find(({ type }) => type === 'Healthy');
    return [metadata?.name ?? '', healthy ? (healthy.status === 'True' ? 'Healthy' : 'Unhealthy') : 'Unknown', healthy?.message ?? '', healthy?.error ?? ''];
  },
};
