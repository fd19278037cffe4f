/**
 * Says of every FlowSchema whether its priority level exists, and brings the mandatory and the suggested objects back.
 * Follows k8s.io/apiserver/pkg/util/flowcontrol (presyncFlowSchemaStatus) and pkg/registry/flowcontrol/rest.
 */
import type { FlowSchema, PriorityLevelConfiguration } from '../../../api/flowcontrol.ts';
import { isNotFound } from '../../../api/errors.ts';
import { flowSchemas, priorityLevelConfigurations } from '../../../api/resources.ts';
import type { ApiClient, ResourceClient } from '../../../machinery/client.ts';
import { timestamp, type Clock } from '../../../machinery/clock.ts';
import { Controller } from '../../../machinery/controller.ts';
import type { Informer } from '../../../machinery/informer.ts';
import { ensureFlowControlObjects } from '../bootstrap/flow-control-objects.ts';
import type { ControllerContext, RunnableController } from '../controller-context.ts';

type Condition = NonNullable<NonNullable<FlowSchema['status']>['conditions']>[number];

const type = 'Dangling';
/** No object has it. */
const everything = '';
/** In one go, not with each of many changes. */
const ensureAfterMs = 10_000;

export class FlowSchemaController implements RunnableController {
  private readonly apiClient: ApiClient;
  private readonly client: ResourceClient<FlowSchema>;
  private readonly schemaInformer: Informer<FlowSchema>;
  private readonly levelInformer: Informer<PriorityLevelConfiguration>;
  private readonly controller: Controller;
  private readonly clock: Clock;

  constructor({ client, informers, clock, logger, random }: ControllerContext) {
    this.apiClient = client;
    this.client = client.resource(flowSchemas);
    this.schemaInformer = informers.of(flowSchemas);
    this.levelInformer = informers.of(priorityLevelConfigurations);
    this.clock = clock;
    this.controller = new Controller({ name: 'flow-schema', workers: 1, reconcile: (name) => this.reconcile(name), clock, logger, random });
    const enqueue = ({ metadata }: FlowSchema): void => this.controller.enqueue(metadata?.name ?? '');
    const ensure = (): void => this.controller.enqueueAfter(everything, ensureAfterMs);
    this.schemaInformer.addHandler({
      added: enqueue, deleted: ensure,
      updated(before, schema) {
        enqueue(schema);
        if (before.metadata?.generation !== schema.metadata?.generation) ensure();
      },
    });
    const enqueueOf = (level: PriorityLevelConfiguration): void => {
      for (const schema of this.schemaInformer.list()) if (levelOf(schema) === level.metadata?.name) enqueue(schema);
    };
    this.levelInformer.addHandler({
      added: enqueueOf, updated: ensure,
      deleted(level) {
        enqueueOf(level);
        ensure();
      },
    });
  }

  start(signal: AbortSignal): void {
    this.controller.start(signal);
  }

  stop(): Promise<void> {
    return this.controller.stop();
  }

  private async reconcile(name: string): Promise<void> {
    if (name === everything) {
      await ensureFlowControlObjects(this.apiClient);
      return;
    }
    const schema = this.schemaInformer.get(name);
    if (!schema || schema.metadata?.deletionTimestamp || isSame(schema, this.wanted(schema))) return;
    try {
      await this.client.modify(name, undefined, (copy) => {
        const wanted = this.wanted(copy);
        if (isSame(copy, wanted)) return undefined;
        const others = (copy.status?.conditions ?? []).filter((condition) => condition.type !== type);
        return { ...copy, status: { ...copy.status, conditions: [...others, { ...wanted, lastTransitionTime: timestamp(this.clock.now()) }] } };
      }, 'status');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  private wanted(schema: FlowSchema): Condition {
    const name = levelOf(schema);
    const exists = this.levelInformer.get(name) !== undefined;
    const about = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(name)}`;
    return exists
      ? { type, status: 'False', reason: 'Found', message: `${about} and it exists` }
      : { type, status: 'True', reason: 'NotFound', message: `${about} but there is no such object` };
  }
}

function levelOf({ spec }: FlowSchema): string {
  return spec?.priorityLevelConfiguration.name ?? '';
}

function isSame({ status }: FlowSchema, wanted: Condition): boolean {
  const found = status?.conditions?.find((condition) => condition.type === type);
  return found !== undefined && found.status === wanted.status && found.reason === wanted.reason && found.message === wanted.message;
}
