import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Pod } from '../core.ts';
import { StatusError } from '../errors.ts';
import { configMaps, deployments, endpoints, leases, pods, secrets, services } from '../resources.ts';
import { decodeBody, decodeObject, type DecodeTarget, type FieldValidation } from './decode-object.ts';

const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec: { containers: [{ name: 'web', image: 'web:1' }] } };

function decodeText(text: string, target: DecodeTarget, fieldValidation: FieldValidation = 'Warn', contentType = 'application/json') {
  return decodeBody(Buffer.from(text), contentType, target, { fieldValidation });
}

function refusal(input: unknown, target: DecodeTarget, fieldValidation: FieldValidation = 'Warn'): string {
  try {
    decodeObject(input, target, { fieldValidation });
  } catch (error) {
    expect(error).toBeInstanceOf(StatusError);
    expect((error as StatusError).status).toMatchObject({ code: 400, reason: 'BadRequest' });
    return (error as StatusError).message;
  }
  return 'accepted';
}

describe('decodeObject', () => {
  test('keeps what is known and fills in apiVersion and kind', () => {
    const { object, warnings } = decodeObject({ metadata: { name: 'web' }, spec: pod.spec }, pods, { fieldValidation: 'Strict' });
    expect(object).toEqual(pod);
    expect(warnings).toEqual([]);
    expect(Object.keys(object)).toEqual(['kind', 'apiVersion', 'metadata', 'spec']);
  });

  test.each([
    [{ spec: { replicas: 'x' } }, deployments, 'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32'],
    [{ spec: { template: { spec: { containers: [{ env: [{ name: 'a', value: 1 }] }] } } } }, deployments, 'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string'],
    [{ spec: { containers: 'x' } }, pods, 'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container'],
    [{ metadata: { labels: { a: 1 } } }, pods, 'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels.a of type string'],
    [{ metadata: { labels: [] } }, pods, 'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string'],
    [{ spec: { hostNetwork: 'yes' } }, pods, 'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool'],
    [{ spec: { priority: 2 ** 31 } }, pods, 'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal number 2147483648 into Go struct field PodSpec.spec.priority of type int32'],
    [{ spec: { activeDeadlineSeconds: 1.5 } }, pods, 'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.activeDeadlineSeconds of type int64'],
    [{ spec: { containers: [{ resources: { limits: { cpu: 'much' } } }] } }, pods, `Pod in version "v1" cannot be handled as a Pod: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`],
    [{ data: { a: '=?' } }, secrets, 'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 0'],
    [{ metadata: { creationTimestamp: '2026-02-30T00:00:00Z' } }, pods, 'Pod in version "v1" cannot be handled as a Pod: parsing time "2026-02-30T00:00:00Z" as "2006-01-02T15:04:05Z07:00": cannot parse "2026-02-30T00:00:00Z" as "2006"'],
    [{ spec: { ports: [{ targetPort: true }] } }, services, 'Service in version "v1" cannot be handled as a Service: json: cannot unmarshal bool into Go struct field ServicePort.spec.ports.targetPort of type int32'],
    ['x', pods, 'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal string into Go value of type v1.Pod'],
    [[], pods, 'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal array into Go value of type v1.Pod'],
  ])('refuses %j', (input, target, message) => expect(refusal(input, target)).toBe(message));

  test('refuses another kind or version than the one asked for', () => {
    expect(refusal({ ...pod, kind: 'Deployment' }, pods)).toMatch(/^Deployment in version "v1" cannot be handled as a Pod: /);
    expect(refusal({ apiVersion: 'apps/v1beta1', kind: 'Deployment' }, deployments)).toBe('the API version in the data (apps/v1beta1) does not match the expected API version (apps/v1)');
  });

  test('reports, drops or refuses unknown fields', () => {
    const input = { ...pod, foo: 1, spec: { containers: [{ name: 'a', imagee: 'x' }, { name: 'b', ports: [{ hostport: 1 }] }] } };
    const unknown = ['unknown field "spec.containers[0].imagee"', 'unknown field "spec.containers[1].ports[0].hostport"', 'unknown field "foo"'];
    expect(decodeObject(input, pods, { fieldValidation: 'Warn' }).warnings).toEqual(unknown);
    expect(decodeObject(input, pods, { fieldValidation: 'Ignore' }).warnings).toEqual([]);
    expect(decodeObject(input, pods, { fieldValidation: 'Ignore' }).object).not.toHaveProperty('foo');
    expect(refusal(input, pods, 'Strict')).toBe(`Pod in version "v1" cannot be handled as a Pod: strict decoding error: ${unknown.join(', ')}`);
    expect(refusal({ spec: { template: { kind: 'x' } } }, deployments, 'Strict')).toMatch('unknown field "spec.template.kind"');
  });

  test('treats null as absent and leaves empty optional lists and maps out', () => {
    const { object } = decodeObject({ metadata: { name: 'web', labels: null, annotations: {}, finalizers: [] }, spec: { containers: [], nodeName: null, securityContext: {}, volumes: [{ name: 'v', emptyDir: {} }] } }, pods, { fieldValidation: 'Strict' });
    expect(object).toEqual({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec: { containers: [], securityContext: {}, volumes: [{ name: 'v', emptyDir: {} }] } });
  });

  test('gives quantities, times and base64 their canonical form', () => {
    const requests = { cpu: 0.5, memory: '1024Mi', 'example.com/dust': '100u' };
    const { object } = decodeObject<Pod>({ metadata: { creationTimestamp: '2026-01-31T14:00:00.5+02:00' }, spec: { containers: [{ name: 'a', resources: { requests } }] } }, pods, { fieldValidation: 'Strict' });
    expect(object.spec?.containers[0]?.resources?.requests).toEqual({ cpu: '500m', memory: '1Gi', 'example.com/dust': '1m' });
    expect(object.metadata?.creationTimestamp).toBe('2026-01-31T12:00:00Z');
    expect(decodeObject({ spec: { renewTime: '2026-01-31T12:00:00.1234567Z' } }, leases, { fieldValidation: 'Strict' }).object).toMatchObject({ spec: { renewTime: '2026-01-31T12:00:00.123456Z' } });
    expect(decodeObject({ data: { a: 'aGFs\nbG8=' } }, secrets, { fieldValidation: 'Strict' }).object).toMatchObject({ data: { a: 'aGFsbG8=' } });
  });

  test('never lets a key reach a prototype', () => {
    expect(refusal(JSON.parse('{"data":{"__proto__":"x"}}'), configMaps)).toMatch('"__proto__"');
    const { object } = decodeObject(JSON.parse('{"__proto__":{"polluted":1},"constructor":{"polluted":1},"spec":{"__proto__":{"hostNetwork":true}}}'), pods, { fieldValidation: 'Ignore' });
    expect(Object.keys(object)).toEqual(['kind', 'apiVersion', 'spec']);
    expect((object).spec?.hostNetwork).toBeUndefined();
  });

  test('does not keep what belongs to the input', () => {
    const input = structuredClone(pod);
    const { object } = decodeObject<Pod>(input, pods, { fieldValidation: 'Strict' });
    object.spec!.containers[0]!.image = 'other';
    expect(input).toEqual(pod);
  });

  test('decoding what was decoded changes nothing', () => {
    const port = fc.record({ name: fc.string(), port: fc.integer({ min: 0, max: 65535 }) });
    const subsets = fc.array(fc.record({ addresses: fc.array(fc.record({ ip: fc.string() })), ports: fc.array(port), extra: fc.jsonValue() }));
    fc.assert(fc.property(subsets, (value) => {
      const once = decodeObject({ subsets: value }, endpoints, { fieldValidation: 'Ignore' }).object;
      expect(decodeObject(once, endpoints, { fieldValidation: 'Strict' }).object).toEqual(once);
    }));
  });

  test('any JSON is decoded or refused with a BadRequest', () => {
    fc.assert(fc.property(fc.jsonValue(), fc.constantFrom('metadata', 'spec', 'status'), (value, field) => {
      for (const input of [value, { [field]: value }]) {
        try {
          decodeObject(input, pods, { fieldValidation: 'Warn' });
        } catch (error) {
          expect((error as StatusError).status.code).toBe(400);
        }
      }
    }));
  });
});

describe('decodeBody', () => {
  test('reads JSON, with or without a content type', async () => {
    expect((await decodeBody(Buffer.from(JSON.stringify(pod)), undefined, pods, { fieldValidation: 'Strict' })).object).toEqual(pod);
    expect((await decodeText(JSON.stringify(pod), pods, 'Strict', 'application/json; charset=utf-8')).object).toEqual(pod);
  });

  test('names duplicate fields and their place', async () => {
    const text = '{"kind":"Pod","metadata":{"name":"a","name" : "b","labels":{"x":"1","x":"2"}},"spec":{"containers":[{"name":"c"},{"name":"d","na\\u006de":"e:\\",{"}]}}';
    const { object, warnings } = await decodeText(text, pods);
    expect(warnings).toEqual(['duplicate field "metadata.name"', 'duplicate field "metadata.labels.x"', 'duplicate field "spec.containers[1].name"']);
    expect(object.metadata).toEqual({ name: 'b', labels: { x: '2' } });
    await expect(decodeText(text, pods, 'Strict')).rejects.toThrow('Pod in version "v1" cannot be handled as a Pod: strict decoding error: duplicate field "metadata.name", duplicate');
    expect((await decodeText(text, pods, 'Ignore')).warnings).toEqual([]);
  });

  test('finds no duplicates where there are none', async () => {
    const key = fc.stringMatching(/^[a-z":{},\\[\] ]{0,6}$/);
    await fc.assert(fc.asyncProperty(fc.dictionary(key, fc.string()), async (data) => {
      expect((await decodeText(JSON.stringify({ data }), configMaps)).warnings).toEqual([]);
    }));
  });

  test.each([
    ['', /^the object provided is unrecognized \(must be of type Pod\): couldn't get version\/kind; json parse error: unexpected end of JSON input \(<empty>\)$/],
    ['{"kind":', /^the object provided is unrecognized \(must be of type Pod\): couldn't get version\/kind; json parse error: .* \(\{"kind":\)$/],
    ['hello', /: invalid character 'h' looking for beginning of value \(68656c6c6f\)$/],
    ['[]', /: json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } \(5b5d\)$/],
    ['5', /: json: cannot unmarshal number into Go value of type struct {.*} \(35\)$/],
    [`${'['.repeat(2000)}${']'.repeat(2000)}`, /exceeded max depth/],
  ])('refuses %.20s', async (text, message) => {
    await expect(decodeText(text, pods)).rejects.toMatchObject({ code: 400 });
    await expect(decodeText(text, pods)).rejects.toThrow(message);
  });

  test.each(['application/json', 'application/yaml'])('reads null as an object without fields: %s', async (mediaType) => {
    expect((await decodeText('null', configMaps, 'Strict', mediaType)).object).toEqual({ apiVersion: 'v1', kind: 'ConfigMap' });
  });

  test('refuses media types it does not read', async () => {
    await expect(decodeText('<pod/>', pods, 'Warn', 'text/xml')).rejects.toMatchObject({ code: 415, reason: 'UnsupportedMediaType' });
  });

  test('reads YAML as Kubernetes does', async () => {
    const text = 'metadata: {name: web}\nspec:\n  terminationGracePeriodSeconds: 0x10\n  hostNetwork: yes\n  containers:\n  - &c {name: a, image: "x"}\n  - {<<: *c, name: b}\n  volumes: [{name: v, configMap: {defaultMode: 0644, name: m}}]\n';
    const { object, warnings } = await decodeText(text, pods, 'Strict', 'application/yaml');
    expect(warnings).toEqual([]);
    expect(object).toMatchObject({ spec: { terminationGracePeriodSeconds: 16, hostNetwork: true, containers: [{ name: 'a' }, { name: 'b', image: 'x' }], volumes: [{ configMap: { defaultMode: 420 } }] } });
    expect((await decodeText('metadata: {name: a, annotations: {t: 2026-01-01}}', pods, 'Strict', 'application/yaml')).object.metadata?.annotations).toEqual({ t: '2026-01-01' });
  });

  test('finds duplicate YAML keys', async () => {
    expect((await decodeText('metadata:\n  name: a\n  name: b\n', pods, 'Warn', 'application/yaml')).warnings).toEqual(['duplicate field "metadata.name"']);
    await expect(decodeText('spec: {containers: [{name: a, name: b}]}', pods, 'Strict', 'application/yaml')).rejects.toThrow('strict decoding error: duplicate field "spec.containers[0].name"');
  });

  test('refuses YAML whose keys are no text', async () => {
    for (const key of ['? {a: 1}', '? [1]', '? ', '? !!binary ZA==']) {
      await expect(decodeText(`data: {b: &x {c: 1}}\n${key}\n: 2\n`, pods, 'Ignore', 'application/yaml')).rejects.toThrow('error converting YAML to JSON: yaml: invalid map key');
    }
    await expect(decodeText('spec: &x {nodeName: a}\n*x : 2\n', pods, 'Ignore', 'application/yaml')).rejects.toThrow('invalid map key');
    expect((await decodeText('metadata: {name: &x a, labels: {*x : b, 1: c, true: d}}', pods, 'Strict', 'application/yaml')).object.metadata?.labels).toEqual({ a: 'b', 1: 'c', true: 'd' });
    const many = Array.from({ length: 101 }, () => '*x : b').join('\n');
    await expect(decodeText(`x: &x a\n${many}\n`, pods, 'Ignore', 'application/yaml')).rejects.toThrow('excessive aliasing');
  });

  test('refuses YAML bombs and broken YAML', async () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'.split('').map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghi'[index]}`).join(',')}]`).join('\n')}\n`;
    await expect(decodeText(bomb, pods, 'Warn', 'application/yaml')).rejects.toMatchObject({ code: 400 });
    await expect(decodeText('a: [', pods, 'Warn', 'application/yaml')).rejects.toThrow('error converting YAML to JSON: yaml: ');
  });
});
