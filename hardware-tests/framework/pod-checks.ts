/** What must hold whatever was pulled: one container per container of a pod, no other, nothing mounted for nobody. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pod, PodList } from 'kubernetes-types/core/v1';
import { eventually } from '../../machinery/testing/eventually.ts';
import type { Cluster } from './cluster.ts';
import { importProgram } from './program-image.ts';

export const sleepImage = 'faults-sleep:1';

/** An image whose one program is `sleep`. */
export function importSleep(dockerHost: string): Promise<void> {
  return importProgram(dockerHost, '/usr/bin/sleep', sleepImage);
}

/** A Deployment of pods that sleep, with a ConfigMap and a Secret (both named like it, made elsewhere) mounted when `mounts`. */
export function sleepers(name: string, replicas: number, options: { mounts?: boolean; version?: string } = {}): object {
  const volumes = [{ name: 'text', configMap: { name } }, { name: 'secret', secret: { secretName: name } }];
  return {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name },
    spec: {
      replicas, selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name }, annotations: { version: options.version ?? '1' } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [{
            name: 'main', image: sleepImage, command: ['/usr/bin/sleep', '100000'],
            ...(options.mounts ? {
              volumeMounts: volumes.map((volume) => ({ name: volume.name, mountPath: `/var/${volume.name}` })),
              env: [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name, key: 'password' } } }],
            } : {}),
          }],
          ...(options.mounts ? { volumes } : {}),
        },
      },
    },
  };
}

/** For `sleepers` with mounts. */
export function sources(name: string): object[] {
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { text: `text of ${name}` } },
    { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: { password: `password of ${name}` } },
  ];
}

export function apply(cluster: Cluster, ...objects: object[]): Promise<string> {
  return cluster.kubectl.run(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
}

export async function allPods(cluster: Cluster): Promise<Pod[]> {
  return (await cluster.kubectl.json<PodList>(['get', 'pods'])).items;
}

export function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** Waits until exactly so many pods are there per app, all ready, and the board has exactly their containers and volumes. */
export async function converges(cluster: Cluster, wanted: ReadonlyMap<string, number>, timeoutMs = 60_000): Promise<Pod[]> {
  return eventually(async () => {
    const pods = await allPods(cluster);
    const counts = new Map<string, number>();
    for (const pod of pods) {
      const app = pod.metadata!.labels!['app']!;
      counts.set(app, (counts.get(app) ?? 0) + 1);
    }
    const text = (map: ReadonlyMap<string, number>): string => [...map].filter(([, count]) => count > 0).map(([app, count]) => `${app}=${count}`).sort().join(' ');
    if (text(counts) !== text(wanted)) throw new Error(`pods: ${text(counts)}, not ${text(wanted)}`);
    const unready = pods.filter((pod) => pod.metadata?.deletionTimestamp !== undefined || !isReady(pod));
    if (unready.length > 0) throw new Error(`not ready: ${unready.map((pod) => pod.metadata!.name).join(' ')}`);
    await assertContainers(cluster, pods);
    assertVolumes(cluster, pods);
    return pods;
  }, { timeoutMs, everyMs: 250 });
}

/** Of each pod one running sandbox and one running container; nothing else of this cluster's. */
async function assertContainers(cluster: Cluster, pods: readonly Pod[]): Promise<void> {
  const running: string[] = [];
  for (const { Id, State, Labels } of await cluster.containerList()) {
    const uid = Labels['io.kubernetes.pod.uid'] ?? '';
    if (!pods.some((pod) => pod.metadata!.uid === uid)) throw new Error(`container ${Id} of a pod that does not exist: ${JSON.stringify(Labels)}`);
    if (State === 'running') running.push(`${uid}/${Labels['io.kubernetes.container.name']}`);
  }
  const expected = pods.flatMap((pod) => [`${pod.metadata!.uid}/POD`, `${pod.metadata!.uid}/main`]);
  if (running.sort().join() !== expected.sort().join()) throw new Error(`containers run: ${running.join(' ')}; wanted: ${expected.join(' ')}`);
}

function assertVolumes(cluster: Cluster, pods: readonly Pod[]): void {
  const directory = join(cluster.dataDir, 'agent', 'pods');
  const uids = new Set(pods.map((pod) => pod.metadata!.uid));
  const strange = (existsSync(directory) ? readdirSync(directory) : []).filter((uid) => !uids.has(uid));
  if (strange.length > 0) throw new Error(`directories of pods that do not exist: ${strange.join(' ')}`);
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n').map((line) => line.split(' ')[1] ?? '').filter((path) => path.startsWith(`${directory}/`));
  if (new Set(mounts).size < mounts.length) throw new Error(`mounted twice: ${mounts.join(' ')}`);
}

/** Container id → how often it was started, for the containers of pods that must not be touched. */
export async function runningContainers(cluster: Cluster, app: string): Promise<string[]> {
  const pods = (await allPods(cluster)).filter((pod) => pod.metadata!.labels!['app'] === app);
  return pods.map((pod) => {
    const status = pod.status!.containerStatuses![0]!;
    return `${pod.metadata!.name} ${status.containerID} ${status.restartCount} ${status.state?.running?.startedAt}`;
  }).sort();
}
