/** The cluster that a file of these tests has to itself, with the images its pods run. */
import { Cluster } from '../../framework/cluster.ts';
import { PodBench, toolsImage } from '../../framework/pod-bench.ts';
import { importTools } from '../../framework/tool-images.ts';

export interface PodCluster {
  cluster: Cluster;
  pods: PodBench;
}

export async function startPodCluster(): Promise<PodCluster> {
  const cluster = await Cluster.create({
    clusterCIDR: '198.18.20.0/22', serviceCIDR: '198.19.16.0/20', bridgeName: 'bramble-pods', extraFlags: ['--node-port-range', '30100-30199'],
  });
  await cluster.up();
  await importTools(cluster.dockerHost, toolsImage);
  const pods = new PodBench({ kubeconfig: cluster.kubeconfig, namespace: 'default' });
  await pods.start();
  return { cluster, pods };
}

export async function stopPodCluster({ cluster, pods }: PodCluster): Promise<void> {
  pods.stop();
  await cluster.destroy();
}

/** Rows of `kubectl get pods`, by column title. */
export async function podRow(cluster: Cluster, name: string, flags: readonly string[] = []): Promise<Record<string, string>> {
  const [titles = '', row = ''] = (await cluster.kubectl.run(['get', 'pod', name, ...flags])).trimEnd().split('\n');
  const starts = [...titles.matchAll(/\S+(?: \S+)*/g)].map((match) => ({ title: match[0], at: match.index }));
  return Object.fromEntries(starts.map(({ title, at }, index) => [title, row.slice(at, starts[index + 1]?.at).trim()]));
}
