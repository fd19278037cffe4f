import { describe, expect, it } from 'vitest';
import { qualityOfService } from './quality-of-service.ts';

type Amounts = Record<string, string>;
const container = (requests?: Amounts, limits?: Amounts) => ({ name: 'main', image: 'busybox', resources: { requests, limits } });
const full: Amounts = { cpu: '1', memory: '1Gi' };

describe('the quality of service of a pod', () => {
  it.each([
    ['no amounts', [container()], [], 'BestEffort'],
    ['amounts that do not count', [container({ 'ephemeral-storage': '1Gi' })], [], 'BestEffort'],
    ['zero', [container({ cpu: '0' })], [], 'BestEffort'],
    ['a request', [container({ cpu: '100m' })], [], 'Burstable'],
    ['limits of one kind', [container({ memory: '1Gi' }, { memory: '1Gi' })], [], 'Burstable'],
    ['limits above requests', [container({ cpu: '1', memory: '512Mi' }, full)], [], 'Burstable'],
    ['limits of both kinds', [container(undefined, full)], [], 'Guaranteed'],
    ['requests that equal limits, written differently', [container({ cpu: '1000m', memory: '1024Mi' }, full)], [], 'Guaranteed'],
    ['one container of two with limits', [container(full, full), container()], [], 'Burstable'],
    ['an init container without limits', [container(full, full)], [container()], 'Burstable'],
  ] as const)('%s', (_, containers, initContainers, expected) => {
    expect(qualityOfService({ spec: { containers: [...containers], initContainers: [...initContainers] } })).toBe(expected);
  });
});
