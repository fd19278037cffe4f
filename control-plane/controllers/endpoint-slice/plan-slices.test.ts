import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Endpoint, EndpointSlice } from '../../../api/discovery.ts';
import { planSlices } from './plan-slices.ts';
import type { SlicePlan, SlicePlanInput } from './plan-slices.ts';
import { portSetKey } from './service-endpoints.ts';
import type { EndpointGroup } from './service-endpoints.ts';

const metadata = { namespace: 'default', generateName: 'web-', labels: { app: 'web' } };
const endpoint = (index: number, ready = true): Endpoint => ({ addresses: [`198.19.0.${index}`], conditions: { ready }, targetRef: { uid: `pod-${index}` } });
const group = (indexes: number[], port = 80): EndpointGroup => ({ addressType: 'IPv4', ports: [{ name: '', port, protocol: 'TCP' }], endpoints: indexes.map((index) => endpoint(index)) });
const slice = (name: string, indexes: number[], port = 80): EndpointSlice => ({ metadata: { ...metadata, name, uid: name }, addressType: 'IPv4', ports: group([], port).ports, endpoints: group(indexes).endpoints });
const plan = (groups: EndpointGroup[], existing: EndpointSlice[], more: Partial<SlicePlanInput> = {}) => planSlices({ groups, existing, metadata, placeholders: ['IPv4'], maxEndpoints: 4, ...more });
const shape = ({ create, update, remove }: SlicePlan) => ({
  create: create.map(({ endpoints }) => endpoints.length), update: update.map((item) => item.metadata?.name), remove: remove.map((item) => item.metadata?.name),
});

describe('planSlices', () => {
  it.each([
    { name: 'nothing to do', groups: [group([1, 2])], existing: [slice('a', [1, 2])], want: { create: [], update: [], remove: [] } },
    { name: 'a first slice', groups: [group([1, 2])], existing: [], want: { create: [2], update: [], remove: [] } },
    { name: 'as many slices as needed', groups: [group([1, 2, 3, 4, 5, 6])], existing: [], want: { create: [4, 2], update: [], remove: [] } },
    { name: 'new endpoints where there is room', groups: [group([1, 2, 3])], existing: [slice('a', [1, 2])], want: { create: [], update: ['a'], remove: [] } },
    { name: 'in the slice that changes anyway', groups: [group([1, 3, 4, 5])], existing: [slice('a', [1, 2]), slice('b', [3, 4])], want: { create: [], update: ['a'], remove: [] } },
    { name: 'an empty slice goes', groups: [group([1])], existing: [slice('a', [1]), slice('b', [2])], want: { create: [], update: [], remove: ['b'] } },
    { name: 'other ports, another slice', groups: [group([1], 81)], existing: [slice('a', [1], 80)], want: { create: [1], update: [], remove: ['a'] } },
    { name: 'a placeholder where there is nothing', groups: [], existing: [], want: { create: [0], update: [], remove: [] } },
    { name: 'which gives way', groups: [group([1])], existing: [{ ...slice('p', []), ports: [] }], want: { create: [1], update: [], remove: ['p'] } },
    { name: 'and stays alone', groups: [], existing: [{ ...slice('p', []), ports: [] }], want: { create: [], update: [], remove: [] } },
  ])('$name', ({ groups, existing, want }) => {
    expect(shape(plan(groups, existing))).toEqual(want);
  });

  it('updates an endpoint in place', () => {
    const result = plan([{ ...group([1, 2]), endpoints: [endpoint(1, false), endpoint(2)] }], [slice('a', [1, 2])]);
    expect(result.update[0]?.endpoints.map(({ conditions }) => conditions?.ready)).toEqual([false, true]);
  });

  it('brings labels up to date', () => {
    expect(shape(plan([group([1])], [slice('a', [1])], { metadata: { ...metadata, labels: { app: 'new' } } }))).toEqual({ create: [], update: ['a'], remove: [] });
  });

  it('ends with every endpoint in exactly one slice, none too full, and is then at rest', () => {
    const indexes = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 20 });
    fc.assert(fc.property(fc.array(indexes, { maxLength: 6 }), fc.constantFrom(80, 81), (history, port) => {
      let slices: EndpointSlice[] = [];
      let serial = 0;
      for (const [round, wanted] of history.entries()) {
        const groups = wanted.length > 0 ? [group(wanted, round % 2 ? port : 80)] : [];
        const step = plan(groups, slices);
        slices = slices.filter((old) => !step.remove.includes(old)).map((old) => step.update.find((item) => item.metadata?.name === old.metadata?.name) ?? old);
        slices.push(...step.create.map((item) => ({ ...item, metadata: { ...item.metadata, name: `s${serial++}` } })));
        const placed = slices.flatMap(({ endpoints }) => endpoints.map(({ addresses }) => addresses[0]));
        expect([...placed].sort()).toEqual(wanted.map((index) => `198.19.0.${index}`).sort());
        expect(Math.max(0, ...slices.map(({ endpoints }) => endpoints.length))).toBeLessThanOrEqual(4);
        expect(new Set(slices.map(({ addressType, ports }) => portSetKey(addressType, ports))).size).toBeLessThanOrEqual(1);
        expect(shape(plan(groups, slices))).toEqual({ create: [], update: [], remove: [] });
      }
    }));
  });
});
