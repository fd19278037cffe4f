/** The environment of a container, made from its spec and the desired state. Follows the kubelet's makeEnvironmentVariables. */
import type { Container, EnvFromSource, EnvVar, Pod } from '../../api/core.ts';
import type { DesiredState } from '../pods/desired-state.ts';
import { DownwardFieldError, podField, resourceField, type DownwardFacts } from './downward-fields.ts';
import { expand, resolveFrom } from './expansion.ts';
import { serviceVariables, visibleServices } from './service-variables.ts';

export interface EnvironmentSources extends DownwardFacts {
  state: Pick<DesiredState, 'configMap' | 'secret' | 'services'>;
}

export interface Environment {
  /** `NAME=value`, each name once: envFrom, then env in its order, then service variables. */
  environment: string[];
  /** The same as a map, for expandCommand and subPathExpr. */
  variables: ReadonlyMap<string, string>;
  /** Why the container cannot be created (CreateContainerConfigError); empty when it can. */
  errors: string[];
  /** Keys of envFrom that were left out because no process can have such a variable (InvalidEnvironmentVariableNames). */
  skipped: string[];
}

export function makeEnvironment(pod: Pod, container: Container, sources: EnvironmentSources): Environment {
  const builder = new EnvironmentBuilder(pod, container, sources);
  for (const source of container.envFrom ?? []) builder.addAll(source);
  for (const variable of container.env ?? []) builder.add(variable);
  return builder.finish();
}

/** Bytes of a Secret's value from its base64 form; an ill-formed one gives what can be read. */
export function decodeSecretValue(value: string): Buffer {
  return Buffer.from(value, 'base64');
}

class EnvironmentBuilder {
  private readonly variables = new Map<string, string>();
  private readonly services: ReadonlyMap<string, string>;
  private readonly errors: string[] = [];
  private readonly skipped: string[] = [];
  private readonly namespace: string;
  private readonly pod: Pod;
  private readonly container: Container;
  private readonly sources: EnvironmentSources;

  constructor(pod: Pod, container: Container, sources: EnvironmentSources) {
    this.pod = pod;
    this.container = container;
    this.sources = sources;
    this.namespace = pod.metadata?.namespace ?? '';
    const visible = visibleServices((namespace) => sources.state.services(namespace), this.namespace, pod.spec?.enableServiceLinks ?? true);
    this.services = serviceVariables(visible);
  }

  addAll(source: EnvFromSource): void {
    const prefix = source.prefix ?? '';
    const invalid: string[] = [];
    for (const [key, value] of this.entriesOf(source)) {
      const name = prefix + key;
      if (isPossibleName(name)) this.variables.set(name, value);
      else invalid.push(name);
    }
    if (invalid.length === 0) return;
    const kind = source.configMapRef ? 'configMap' : 'secret';
    const name = source.configMapRef?.name ?? source.secretRef?.name ?? '';
    this.skipped.push(`Keys [${invalid.sort().join(', ')}] from the EnvFrom ${kind} ${this.namespace}/${name} were skipped since they are considered invalid environment variable names.`);
  }

  private entriesOf(source: EnvFromSource): [string, string][] {
    if (source.configMapRef) {
      const name = source.configMapRef.name ?? '';
      const configMap = this.sources.state.configMap(this.namespace, name);
      if (configMap) return Object.entries(configMap.data ?? {});
      if (!source.configMapRef.optional) this.errors.push(`configmap ${JSON.stringify(name)} not found`);
    } else if (source.secretRef) {
      const name = source.secretRef.name ?? '';
      const secret = this.sources.state.secret(this.namespace, name);
      if (secret) return Object.entries(secret.data ?? {}).map(([key, value]) => [key, decodeSecretValue(value).toString()]);
      if (!source.secretRef.optional) this.errors.push(`secret ${JSON.stringify(name)} not found`);
    }
    return [];
  }

  add(variable: EnvVar): void {
    try {
      const value = this.valueOf(variable);
      if (value !== undefined) this.variables.set(variable.name, value);
    } catch (error) {
      if (!(error instanceof DownwardFieldError)) throw error;
      this.errors.push(error.message);
    }
  }

  /** Undefined when the variable is to be left out. */
  private valueOf(variable: EnvVar): string | undefined {
    if (variable.value) return expand(variable.value, resolveFrom(this.variables, this.services));
    const source = variable.valueFrom;
    if (source?.fieldRef) return podField(source.fieldRef.fieldPath, this.pod, this.sources);
    if (source?.resourceFieldRef) return resourceField(source.resourceFieldRef, this.pod, this.container, this.sources);
    if (source?.configMapKeyRef) return this.configMapValue(source.configMapKeyRef);
    if (source?.secretKeyRef) return this.secretValue(source.secretKeyRef);
    return '';
  }

  private configMapValue(reference: KeyReference): string | undefined {
    const name = reference.name ?? '';
    const configMap = this.sources.state.configMap(this.namespace, name);
    const value = ownValue(configMap?.data, reference.key);
    if (value !== undefined || reference.optional) return value;
    this.errors.push(configMap ? `couldn't find key ${reference.key} in ConfigMap ${this.namespace}/${name}` : `configmap ${JSON.stringify(name)} not found`);
    return undefined;
  }

  private secretValue(reference: KeyReference): string | undefined {
    const name = reference.name ?? '';
    const secret = this.sources.state.secret(this.namespace, name);
    const value = ownValue(secret?.data, reference.key);
    if (value !== undefined) return decodeSecretValue(value).toString();
    if (reference.optional) return undefined;
    this.errors.push(secret ? `couldn't find key ${reference.key} in Secret ${this.namespace}/${name}` : `secret ${JSON.stringify(name)} not found`);
    return undefined;
  }

  finish(): Environment {
    for (const [name, value] of this.services) {
      if (!this.variables.has(name)) this.variables.set(name, value);
    }
    return {
      environment: [...this.variables].map(([name, value]) => `${name}=${value}`),
      variables: this.variables,
      errors: this.errors,
      skipped: this.skipped,
    };
  }
}

interface KeyReference {
  name?: string | undefined;
  key: string;
  optional?: boolean | undefined;
}

function ownValue(data: Readonly<Record<string, string>> | undefined, key: string): string | undefined {
  return data && Object.hasOwn(data, key) ? data[key] : undefined;
}

/** What execve can carry. Kubernetes 1.34 and later take every other name as it is. */
function isPossibleName(name: string): boolean {
  return name !== '' && !name.includes('=') && !name.includes('\0');
}
