import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeDefinition, specSchema } from '../../../custom-resources/testing/definitions.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';
import { Kubectl } from './kubectl.ts';

let server: StartedApiServer;
let kubectl: Kubectl;

beforeAll(async () => {
  server = await startApiServer();
  kubectl = new Kubectl(server.kubeconfig, server.directory);
});

afterAll(() => server.stop());

const definition = () => {
  const made = makeDefinition({ spec: { ...(specSchema() as object), 'x-kubernetes-validations': [{ rule: "self.cronSpec != 'never'", message: 'must run some time' }, { rule: '!has(oldSelf.nothing) || self.nothing == oldSelf.nothing', message: 'nothing is immutable' }] } });
  return JSON.stringify(made);
};
const object = (spec: object) => JSON.stringify({ apiVersion: 'stable.example.com/v1', kind: 'CronTab', metadata: { name: 'nightly', namespace: 'default' }, spec });
const apply = (spec: object, ...args: string[]) => kubectl.run(['apply', '-f', '-', ...args], object(spec));

it('serves a kind of its own to kubectl', async () => {
  expect(await kubectl.ok(['apply', '-f', '-'], definition())).toContain('customresourcedefinition.apiextensions.k8s.io/crontabs.stable.example.com created');
  await kubectl.ok(['wait', '--for', 'condition=established', '--timeout', '10s', 'crd/crontabs.stable.example.com']);
  expect((await apply({ cronSpec: '0 1 * * *' })).stdout).toContain('crontab.stable.example.com/nightly created');
  expect(await kubectl.ok(['get', 'ct'])).toMatch(/NAME\s+SPEC\s+AGE\nnightly\s+0 1 \* \* \*\s+\d+s/);
  expect(await kubectl.ok(['get', 'ct', '-o', 'wide'])).toMatch(/NAME\s+SPEC\s+REPLICAS\s+AGE\nnightly\s+0 1 \* \* \*\s+1\s+\d+s/);
  expect(await kubectl.ok(['explain', 'crontab.spec'])).toMatch(/KIND:\s+CronTab[\s\S]*cronSpec\s+<string>/);
  expect(await kubectl.ok(['scale', 'crontab', 'nightly', '--replicas', '4'])).toContain('scaled');
  expect(await kubectl.ok(['get', 'crontab', 'nightly', '-o', 'jsonpath={.spec.replicas} {.metadata.generation}'])).toBe('4 2');
});

it('refuses what the schema and its rules refuse', async () => {
  expect((await apply({ cronSpec: 'never' })).stderr).toContain('The CronTab "nightly" is invalid: spec: Invalid value: must run some time');
  expect((await apply({ cronSpec: 'x', replicas: 20 }, '--validate=false')).stderr).toContain('spec.replicas: Invalid value: 20: spec.replicas in body should be less than or equal to 10');
  expect((await apply({ cronSpec: 'x', unknown: 1 })).stderr).toContain('unknown field "spec.unknown"');
  expect((await apply({ cronSpec: 'x', nothing: 'a' })).stdout).toContain('configured');
  expect((await apply({ cronSpec: 'x', nothing: 'b' })).stderr).toContain('nothing is immutable');
});

it('applies on the server', async () => {
  expect((await apply({ cronSpec: 'y', nothing: 'a' }, '--server-side', '--force-conflicts')).stdout).toContain('nightly serverside-applied');
  expect(await kubectl.ok(['get', 'crontab', 'nightly', '-o', 'jsonpath={.spec.cronSpec}'])).toBe('y');
});

it('takes the kind away with its definition', async () => {
  await kubectl.ok(['delete', 'crd', 'crontabs.stable.example.com', '--timeout', '20s']);
  expect((await kubectl.run(['get', 'crontabs'])).stderr).toMatch(/could not find the requested resource|doesn't have a resource type/);
});
