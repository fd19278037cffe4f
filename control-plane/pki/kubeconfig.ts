/** The file that kubectl needs to reach a cluster (clientcmd v1.Config). */
import { writeFileAtomic } from './atomic-file.ts';

export interface KubeconfigOptions {
  /** `https://127.0.0.1:6443` */
  server: string;
  /** PEM of the authority. */
  ca: string;
  /** PEM of the client certificate. */
  cert: string;
  /** PEM of the client's key. */
  key: string;
  /** Default `bramble`. */
  clusterName?: string;
  /** Default `kubernetes-admin`. */
  userName?: string;
}

/** Text of a kubeconfig with everything inside it: no other file is needed. */
export function formatKubeconfig(options: KubeconfigOptions): string {
  const { clusterName = 'bramble', userName = 'kubernetes-admin' } = options;
  const base64 = (pem: string) => Buffer.from(pem).toString('base64');
  const context = `${userName}@${clusterName}`;
  return [
    'apiVersion: v1',
    'kind: Config',
    'clusters:',
    '- cluster:',
    `    certificate-authority-data: ${base64(options.ca)}`,
    `    server: ${options.server}`,
    `  name: ${clusterName}`,
    'contexts:',
    '- context:',
    `    cluster: ${clusterName}`,
    `    user: ${userName}`,
    `  name: ${context}`,
    `current-context: ${context}`,
    'preferences: {}',
    'users:',
    `- name: ${userName}`,
    '  user:',
    `    client-certificate-data: ${base64(options.cert)}`,
    `    client-key-data: ${base64(options.key)}`,
    '',
  ].join('\n');
}

/** Writes the file atomically with mode 0600: it holds a key. */
export async function writeKubeconfig(path: string, options: KubeconfigOptions): Promise<void> {
  await writeFileAtomic(path, formatKubeconfig(options), 0o600);
}
