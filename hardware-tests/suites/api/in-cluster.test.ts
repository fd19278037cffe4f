/** Programs in pods as clients of the API: what they are given, where it leads, and how it ends. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { Cluster } from '../../framework/cluster.ts';
import { idle, PodBench } from '../../framework/pod-bench.ts';
import { importTools } from '../../framework/tool-images.ts';

const image = 'api-client:1';
const account = '/var/run/secrets/kubernetes.io/serviceaccount';
/** In a pod, with its token: the body of the answer, then its code. */
const asked = (url: string) => ['sh', '-c', `curl -s --cacert ${account}/ca.crt -H "Authorization: Bearer $(cat ${account}/token)" -w '%{http_code}' ${url}`];

let cluster: Cluster;
let pods: PodBench;

beforeAll(async () => {
  cluster = await Cluster.create({ clusterCIDR: '198.18.80.0/20', serviceCIDR: '198.19.80.0/20', bridgeName: 'bramble-p5', extraFlags: ['--node-port-range', '30500-30599'] });
  await cluster.up();
  await importTools(cluster.dockerHost, image, { changes: ['ENV PATH=/bin:/usr/bin'] }, ['/usr/bin/curl']);
  const { kubectl } = cluster;
  // Not the namespace of the `kubernetes` Service: a pod has its address wherever it is.
  await kubectl.run(['create', 'namespace', 'team']);
  pods = new PodBench({ kubeconfig: cluster.kubeconfig, namespace: 'team' });
  await pods.start();
  await kubectl.run(['-n', 'team', 'create', 'serviceaccount', 'reader']);
  await kubectl.run(['-n', 'team', 'create', 'role', 'reader', '--verb=get,list', '--resource=pods']);
  await kubectl.run(['-n', 'team', 'create', 'rolebinding', 'reader', '--role=reader', '--serviceaccount=team:reader']);
  await pods.object('configmaps', { kind: 'ConfigMap', metadata: { name: 'pair' }, data: { a: '0', b: '0' } });
  await pods.create('client', {
    serviceAccountName: 'reader', containers: [{ name: 'main', image, command: ['sh', '-c', idle], volumeMounts: [{ name: 'own', mountPath: '/own' }, { name: 'pair', mountPath: '/pair' }] }],
    volumes: [
      { name: 'own', projected: { sources: [{ serviceAccountToken: { path: 'vault-token', audience: 'vault', expirationSeconds: 600 } }] } },
      { name: 'pair', configMap: { name: 'pair' } },
    ],
  });
  await pods.ready('client');
});

afterAll(async () => {
  pods.stop();
  await cluster.destroy();
});

async function inPod(command: string[], pod = 'client'): Promise<string> {
  return (await pods.exec(pod, command)).stdout;
}

interface Claims {
  iss: string;
  aud: string[];
  sub: string;
  iat: number;
  exp: number;
  'kubernetes.io': { namespace: string; pod: { name: string; uid: string }; serviceaccount: { name: string; uid: string }; node?: { name: string } };
}

function claimsOf(token: string): Claims {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Claims;
}

async function review(token: string, audience?: string): Promise<{ authenticated?: boolean; user?: { username?: string }; audiences?: string[] }> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, ...(audience ? { audiences: [audience] } : {}) } };
  const made = JSON.parse((await pods.api.call('POST', '/apis/authentication.k8s.io/v1/tokenreviews', body)).toString()) as { status: Awaited<ReturnType<typeof review>> };
  return made.status;
}

it('tells of what source the server was built', async () => {
  const version = JSON.parse(await cluster.kubectl.run(['get', '--raw', '/version'])) as Record<string, string>;
  expect(version).toMatchObject({ gitCommit: expect.stringMatching(/^[0-9a-f]{40}$/) as string, gitVersion: expect.stringMatching(/^v1\.\d+\.\d+\+bramble-/) as string });
});

describe('a pod', () => {
  it('is given a token, the cluster\'s authority, its namespace and the address of the API', async () => {
    expect(await inPod(['cat', `${account}/namespace`])).toBe('team');
    expect(await inPod(['cat', `${account}/ca.crt`])).toContain('BEGIN CERTIFICATE');
    const { metadata } = await pods.get('client');
    const claims = claimsOf(await inPod(['cat', `${account}/token`]));
    expect(claims.sub).toBe('system:serviceaccount:team:reader');
    expect(claims['kubernetes.io']).toMatchObject({ namespace: 'team', pod: { name: 'client', uid: metadata?.uid }, serviceaccount: { name: 'reader' } });
    expect(await inPod(['sh', '-c', 'echo $KUBERNETES_SERVICE_HOST $KUBERNETES_SERVICE_PORT $KUBERNETES_SERVICE_PORT_HTTPS'])).toBe('198.19.80.1 443 443\n');
  });

  it.each(['kubernetes.default.svc', 'kubernetes.default.svc.cluster.local', '$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT'])('reaches the API at %s', async (host) => {
    const answer = await inPod(asked(`https://${host}/api/v1/namespaces/team/pods`));
    expect(answer.slice(-3)).toBe('200');
    expect(answer).toMatch(/"kind":\s*"PodList"[^]*"name":\s*"client"/);
  });

  it('is refused what its account may not do', async () => {
    const answer = await inPod(asked('https://kubernetes.default.svc/api/v1/namespaces/team/secrets'));
    expect(answer.slice(-3)).toBe('403');
    expect(answer).toContain('secrets is forbidden: User \\"system:serviceaccount:team:reader\\" cannot list resource \\"secrets\\" in API group \\"\\" in the namespace \\"team\\"');
    expect(await inPod(['sh', '-c', `curl -s -o /dev/null -w '%{http_code}' --cacert ${account}/ca.crt -H 'Authorization: Bearer not.a.token' https://kubernetes.default.svc/api`])).toBe('401');
  });

  it('is given tokens for others, which the API itself does not take', async () => {
    const token = await inPod(['cat', '/own/vault-token']);
    const { aud, iat, exp } = claimsOf(token);
    expect([aud, exp - iat]).toEqual([['vault'], 600]);
    expect(await review(token, 'vault')).toMatchObject({ authenticated: true, user: { username: 'system:serviceaccount:team:reader' }, audiences: ['vault'] });
    expect((await review(token)).authenticated ?? false).toBe(false);
  });
});

describe('the token of a pod', () => {
  it.each([
    ['root', {}, '644 0 0'],
    ['user', { runAsUser: 1000 }, '600 1000 0'],
    ['group', { fsGroup: 2000 }, '640 0 2000'],
    ['both', { runAsUser: 1000, fsGroup: 2000 }, '640 1000 2000'],
  ])('can be read by whom it is for, and by no other: %s', async (name, securityContext, expected) => {
    await pods.create(name, { restartPolicy: 'Never', securityContext, containers: [{ name: 'main', image, command: ['sh', '-c', `stat -L -c '%a %u %g' ${account}/token; wc -l < ${account}/token`] }] });
    expect(await pods.output(name)).toBe(`${expected}\n0\n`);
  });

  it('dies with it', async () => {
    await pods.create('mortal', { serviceAccountName: 'reader', containers: [{ name: 'main', image, command: ['sh', '-c', idle] }] });
    await pods.ready('mortal');
    const token = await inPod(['cat', `${account}/token`], 'mortal');
    expect(await review(token)).toMatchObject({ authenticated: true });
    await pods.delete('mortal', 0);
    await eventually(async () => expect((await review(token)).authenticated ?? false).toBe(false), { timeoutMs: 30_000 });
  });
});

describe('files of a running pod', () => {
  it('change all at once', async () => {
    // Prints whenever the two files of one state differ; a state that is taken away while it is read tells nothing.
    const script = 'while [ ! -e /tmp/enough ]; do set -- $(cd -P /pair/..data && cat a b 2>/dev/null); [ $# != 2 ] || [ "$1" = "$2" ] || echo "torn: $*"; done; echo over';
    const watching = inPod(['sh', '-c', script]);
    for (const value of ['1', '2', '3']) {
      await pods.api.call('PATCH', '/api/v1/namespaces/team/configmaps/pair', { data: { a: value, b: value } });
      await eventually(async () => await inPod(['cat', '/pair/a', '/pair/b']) === `${value}${value}`, { timeoutMs: 30_000 });
    }
    await inPod(['touch', '/tmp/enough']);
    expect(await watching).toBe('over\n');
  });

  // The last: it ends the watch of the others.
  it('have a new token when the control plane has made one', async () => {
    const before = await inPod(['cat', `${account}/token`]);
    const directory = await inPod(['readlink', `${account}/..data`]);
    // A server that has started anew makes the tokens of its pods anew.
    await cluster.kill('server');
    const after = await eventually(async () => {
      const token = await inPod(['cat', `${account}/token`]);
      expect(claimsOf(token).iat).toBeGreaterThan(claimsOf(before).iat);
      return token;
    }, { timeoutMs: 60_000 });
    expect(await inPod(['readlink', `${account}/..data`])).not.toBe(directory);
    for (const token of [before, after]) expect(await review(token)).toMatchObject({ authenticated: true });
    expect((await inPod(asked('https://kubernetes.default.svc/api/v1/namespaces/team/pods/client'))).slice(-3)).toBe('200');
  });
});
