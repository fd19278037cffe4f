/** Asks the API server, with the admin kubeconfig, whether this machine's Node is Ready. */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { parse } from 'yaml';

interface Kubeconfig {
  clusters?: { cluster?: { server?: string; 'certificate-authority-data'?: string } }[];
  users?: { user?: { 'client-certificate-data'?: string; 'client-key-data'?: string } }[];
}

interface NodeConditions {
  status?: { conditions?: { type?: string; status?: string; message?: string }[] };
}

/** @returns 'Ready', or why it is not yet. */
export async function nodeReadiness(kubeconfigPath: string, nodeName: string): Promise<string> {
  let node: NodeConditions;
  try {
    node = (await getJson(kubeconfigPath, `/api/v1/nodes/${nodeName}`)) as NodeConditions;
  } catch (error) {
    return (error as Error).message;
  }
  const condition = node.status?.conditions?.find((candidate) => candidate.type === 'Ready');
  if (condition === undefined) return `node ${nodeName} has not registered`;
  return condition.status === 'True' ? 'Ready' : condition.message ?? 'not ready';
}

function getJson(kubeconfigPath: string, path: string): Promise<unknown> {
  const config = parse(readFileSync(kubeconfigPath, 'utf8')) as Kubeconfig;
  const cluster = config.clusters?.[0]?.cluster;
  const user = config.users?.[0]?.user;
  const decode = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64');
  return new Promise((resolve, reject) => {
    const call = request(new URL(path, cluster?.server), {
      ca: decode(cluster?.['certificate-authority-data']),
      cert: decode(user?.['client-certificate-data']),
      key: decode(user?.['client-key-data']),
      timeout: 5_000,
    }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => { body += chunk; });
      response.on('end', () => {
        if (response.statusCode === 404) reject(new Error('the node has not registered'));
        else if (response.statusCode !== 200) reject(new Error(`the API server answered ${response.statusCode}`));
        else resolve(JSON.parse(body));
      });
    });
    call.on('timeout', () => call.destroy(new Error('the API server did not answer within 5 s')));
    call.on('error', reject);
    call.end();
  });
}
