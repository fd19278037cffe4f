import { describe, expect, it } from 'vitest';
import type { Pod } from '../../api/core.ts';
import type { StateMessage, StateObject } from '../../api/messaging/messages.ts';
import { DesiredStateView } from './desired-state-view.ts';

function pod(name: string, uid: string, version: string, more: Partial<Pod> = {}): StateObject {
  return { kind: 'Pod', object: { metadata: { namespace: 'shop', name, uid, resourceVersion: version }, spec: { containers: [{ name: 'main' }] }, ...more } };
}
function message(from: number, to: number, upserts: StateObject[], removes: string[] = []): StateMessage {
  return { epoch: 'e', from, to, part: 0, upserts, removes };
}
const settings = (version: string): StateObject => ({ kind: 'ConfigMap', object: { metadata: { namespace: 'shop', name: 'settings', resourceVersion: version }, data: { version } } });
const reader = pod('reader', 'u-r', '1', { spec: { containers: [{ name: 'main', envFrom: [{ configMapRef: { name: 'settings' } }] }] } });

function viewWith(...objects: StateObject[]) {
  const view = new DesiredStateView();
  view.apply(message(0, 1, objects));
  return view;
}

describe('DesiredStateView', () => {
  it('finds objects and names the pods that are new', () => {
    const view = new DesiredStateView();
    expect(view.apply(message(0, 1, [pod('a', 'u-a', '1'), settings('1')]))).toEqual({ outcome: 'applied', changed: true, podUids: ['u-a'] });
    expect(view.pod('u-a')?.metadata?.name).toBe('a');
    expect(view.configMap('shop', 'settings')?.data).toEqual({ version: '1' });
    expect(view.configMap('other', 'settings')).toBeUndefined();
  });

  it('is quiet about a pod of which only the status that the board reported changed', () => {
    const view = viewWith(pod('a', 'u-a', '1'));
    expect(view.apply(message(1, 2, [pod('a', 'u-a', '2', { status: { phase: 'Running', podIP: '198.18.1.2' } })]))).toMatchObject({ podUids: [] });
    expect(view.apply(message(2, 3, [pod('a', 'u-a', '3', { status: { phase: 'Failed' } })]))).toMatchObject({ podUids: ['u-a'] });
  });

  it('names pods that use a changed ConfigMap', () => {
    const view = viewWith(reader, settings('1'), pod('a', 'u-a', '1'));
    expect(view.apply(message(1, 2, [settings('2')]))).toMatchObject({ podUids: ['u-r'] });
    expect(view.apply(message(2, 3, [], ['ConfigMap/shop/settings']))).toMatchObject({ podUids: ['u-r'] });
  });

  it('names both when a pod was replaced by one of the same name', () => {
    const view = viewWith(pod('a', 'u-1', '1'));
    const change = view.apply(message(1, 2, [pod('a', 'u-2', '2')]));
    expect(change).toMatchObject({ podUids: ['u-1', 'u-2'] });
    expect(view.pod('u-1')).toBeUndefined();
  });

  it('hears of a condition that a readiness gate waits for', () => {
    const spec = { containers: [{ name: 'main' }], readinessGates: [{ conditionType: 'example.com/in' }] };
    const view = viewWith(pod('a', 'u-a', '1', { spec }));
    const status = { conditions: [{ type: 'example.com/in', status: 'True' }] };
    expect(view.apply(message(1, 2, [pod('a', 'u-a', '2', { spec, status })]))).toMatchObject({ podUids: ['u-a'] });
  });

  it('hears that the control plane holds a ready pod for not ready', () => {
    const conditions = (ready: string) => ({ status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready }, { type: 'ContainersReady', status: 'True' }] } });
    const view = viewWith(pod('a', 'u-a', '1', conditions('True')));
    expect(view.apply(message(1, 2, [pod('a', 'u-a', '2', conditions('False'))]))).toMatchObject({ podUids: ['u-a'] });
    expect(view.apply(message(2, 3, [pod('a', 'u-a', '3', conditions('True'))]))).toMatchObject({ podUids: [] });
  });

  it('asks for a sync after a gap', () => {
    expect(viewWith(pod('a', 'u-a', '1')).apply(message(5, 6, []))).toEqual({ outcome: 'needsSync' });
  });
});
