/**
 * What a writer of the crash test does in its n-th step, as a pure function, so that the test knows which states may be
 * found after a crash: that of the last acknowledged step, or of the one under way.
 */
import type { ConfigMap } from '../../../api/core.ts';
import type { Mutation, Revision, StoredObject } from '../storage.ts';
import { configMapKey, makeConfigMap } from './make-config-map.ts';

/** The step that wrote each key of a writer; undefined: the key does not exist. */
export interface WriterState {
  single: number | undefined;
  /** Always written together. */
  left: number | undefined;
  right: number | undefined;
  /** Written to disk now and then, in memory in between. */
  shadowed: number | undefined;
}

type Field = keyof WriterState;
const fields: readonly Field[] = ['single', 'left', 'right', 'shadowed'];

interface StepChange {
  field: Field;
  value: number | undefined;
  durable: boolean;
}

export function step(state: WriterState, n: number): StepChange[] {
  switch (n % 6) {
    case 0:
    case 3:
      return [{ field: 'single', value: n, durable: true }];
    case 1:
    case 4:
      return [{ field: 'left', value: n, durable: true }, { field: 'right', value: n, durable: true }];
    case 2:
      return [{ field: 'single', value: state.single === undefined ? n : undefined, durable: true }];
    default:
      return [{ field: 'shadowed', value: n, durable: n % 12 === 5 }];
  }
}

/** The state on the disk after the step. */
export function afterStep(state: WriterState, n: number): WriterState {
  const next = { ...state };
  for (const { field, value, durable } of step(state, n)) {
    if (durable) next[field] = value;
  }
  return next;
}

export function fieldKey(writer: number, field: Field): string {
  return configMapKey(`${field}-${writer}`);
}

export function readState(get: (key: string) => StoredObject | undefined, writer: number): WriterState {
  const state: WriterState = { single: undefined, left: undefined, right: undefined, shadowed: undefined };
  for (const field of fields) {
    const value = (get(fieldKey(writer, field))?.object as ConfigMap | undefined)?.data?.['value'];
    if (value !== undefined) state[field] = Number(value.split(' ')[0]);
  }
  return state;
}

export function mutationsOf(changes: readonly StepChange[], writer: number, revisionOf: (key: string) => Revision): Mutation[] {
  return changes.map(({ field, value, durable }) => {
    const key = fieldKey(writer, field);
    // Padding makes records that span several of LevelDB's log blocks.
    const object = value === undefined ? undefined : makeConfigMap(`${field}-${writer}`, `${value} ${'x'.repeat((value * 997) % 5000)}`);
    return { key, expected: revisionOf(key), object, durable };
  });
}
