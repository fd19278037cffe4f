/** Where a running Node process spends its time. */
import { withInspector } from './inspector.ts';

/** The part of the inspector's profile that is read here. */
export interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  /** Microseconds between samples. */
  timeDeltas: number[];
}

/** Profiles the process while `work` runs. */
export function profileWhile<T>(pid: number, work: () => Promise<T>): Promise<{ result: T; profile: CpuProfile }> {
  return withInspector(pid, async (inspector) => {
    await inspector.call('Profiler.enable');
    await inspector.call('Profiler.setSamplingInterval', { interval: 500 });
    await inspector.call('Profiler.start');
    const result = await work();
    const { profile } = await inspector.call('Profiler.stop') as { profile: CpuProfile };
    return { result, profile };
  });
}

/** The functions with the most time of their own, in percent of the time that was spent at all. */
export function hottest(profile: CpuProfile, count: number): { name: string; percent: number }[] {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const times = new Map<string, number>();
  let busy = 0;
  profile.samples.forEach((id, index) => {
    const frame = nodes.get(id);
    if (!frame || frame.functionName === '(idle)') return;
    const delta = profile.timeDeltas[index] ?? 0;
    const place = frame.url ? ` ${frame.url.split('/').slice(-1)[0]}:${frame.lineNumber + 1}` : '';
    const name = `${frame.functionName || '(anonymous)'}${place}`;
    busy += delta;
    times.set(name, (times.get(name) ?? 0) + delta);
  });
  return [...times].sort(([, one], [, other]) => other - one).slice(0, count).map(([name, time]) => ({ name, percent: (time / busy) * 100 }));
}
