/** The strategy of a kind that the server keeps and hands out: spec and status kept apart, generation, nothing particular. */
import type { KubernetesObject } from '../../api/meta.ts';
import type { Resource } from '../../api/resources.ts';
import { deepEqual } from './deep-equal.ts';
import { keepField } from './keep-field.ts';
import { plainStrategy, type Strategy } from './strategy.ts';

interface Record extends KubernetesObject {
  spec?: unknown;
  status?: unknown;
}

/** @param own what is particular after all. */
export function createRecordStrategy<T extends KubernetesObject>(resource: Resource<T>, own: Partial<Strategy<T>> = {}): Strategy<T> {
  return { ...plainStrategy, resource, ...(resource.subresources.includes('status') ? separateStatus<T>() : {}), ...own };
}

function separateStatus<T extends KubernetesObject>(): Partial<Strategy<T>> {
  return {
    prepareForCreate(object: T & Record) {
      delete object.status;
    },
    prepareForUpdate(object: T & Record, old: T & Record) {
      keepField<Record>(object, old, 'status');
    },
    prepareForStatusUpdate(object: T & Record, old: T & Record) {
      keepField<Record>(object, old, 'spec');
    },
    validateStatusUpdate: () => [],
    generationChanged: (object: T & Record, old: T & Record) => !deepEqual(object.spec, old.spec),
  };
}
