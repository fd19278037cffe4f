/** Where data is that neither the board nor the cluster keeps, in pods and PersistentVolumes alike. Follows pkg/apis/core/validation. */
import { between, check, invalid, required, type FieldError } from './field-errors.ts';
import { dnsLabel, dnsSubdomain } from './names.ts';

type Source = Readonly<Record<string, unknown>>;

/** Fields that a source cannot do without. */
const requiredFields: Readonly<Record<string, readonly string[]>> = {
  gcePersistentDisk: ['pdName'], awsElasticBlockStore: ['volumeID'], glusterfs: ['endpoints', 'path'], rbd: ['monitors', 'image'], quobyte: ['volume'],
  cephfs: ['monitors'], cinder: ['volumeID'], flexVolume: ['driver'], azureFile: ['secretName', 'shareName'], vsphereVolume: ['volumePath'],
  photonPersistentDisk: ['pdID'], portworxVolume: ['volumeID'], azureDisk: ['diskName', 'diskURI'], scaleIO: ['gateway', 'system', 'volumeName'], storageos: ['volumeName'],
  gitRepo: ['repository'],
};
const partitionBounds = [0, 255] as const;
const iscsiName = /^(iqn\.\d{4}-\d{2}\.([a-z0-9-.]+\.)*[a-z0-9-.]+(:[^,;*&$|\s]+)?|eui\.[0-9a-fA-F]{16}|naa\.[0-9a-fA-F]{32})$/i;
const iscsiPrefix = /^(iqn|eui|naa)/;

/** @param inPod the older of the two places words it otherwise. */
export function validateForeignSource(source: Source, type: string, path: string, inPod: boolean): FieldError[] {
  switch (type) {
    case 'iscsi': return validateIscsi(source, path, inPod);
    case 'fc': return validateFibreChannel(source, path);
    case 'flocker': return validateFlocker(source, path);
    case 'quobyte': return [...validateRegistry(source, path), ...requireFields(source, ['volume'], path)];
    case 'flexVolume': return [...requireFields(source, ['driver'], path), ...validateOptions(source, `${path}.options`)];
    case 'gcePersistentDisk':
    case 'awsElasticBlockStore': return [...requireFields(source, requiredFields[type]!, path), ...validatePartition(source, `${path}.partition`)];
    default: return requireFields(source, requiredFields[type] ?? [], path);
  }
}

function requireFields(source: Source, fields: readonly string[], path: string): FieldError[] {
  return fields.filter((field) => isEmpty(source[field])).map((field) => required(`${path}.${field}`));
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

function validatePartition({ partition = 0 }: { partition?: number }, field: string): FieldError[] {
  const [low, high] = partitionBounds;
  return partition < low || partition > high ? [invalid(field, partition, `must be between ${low} and ${high}, inclusive`)] : [];
}

interface Iscsi {
  iqn?: string;
  lun?: number;
  initiatorName?: string;
  chapAuthDiscovery?: boolean;
  chapAuthSession?: boolean;
  secretRef?: { name?: string };
}

function validateIscsi(source: Iscsi & Source, path: string, inPod: boolean): FieldError[] {
  const { iqn, lun, initiatorName, secretRef } = source;
  const prefixed = inPod ? 'must be valid format starting with iqn, eui, or naa' : 'must be valid format';
  const nameErrors = (field: string, name: string): FieldError[] => {
    if (!iscsiPrefix.test(name)) return [invalid(field, name, prefixed)];
    return iscsiName.test(name) ? [] : [invalid(field, name, 'must be valid format')];
  };
  return [
    ...requireFields(source, ['targetPortal', 'iqn'], path),
    ...(iqn ? nameErrors(`${path}.iqn`, iqn) : []),
    ...between(`${path}.lun`, lun, [0, 255]),
    ...((source.chapAuthDiscovery || source.chapAuthSession) && !secretRef ? [required(`${path}.secretRef`)] : []),
    ...(!inPod && secretRef && !secretRef.name ? [required(`${path}.secretRef.name`)] : []),
    ...(initiatorName === undefined ? [] : nameErrors(`${path}.initiatorname`, initiatorName)),
  ];
}

function validateFibreChannel({ targetWWNs = [], wwids = [], lun }: { targetWWNs?: string[]; wwids?: string[]; lun?: number }, path: string): FieldError[] {
  const field = `${path}.targetWWNs`;
  const errors: FieldError[] = [];
  if (targetWWNs.length === 0 && wwids.length === 0) errors.push(required(field, 'must specify either targetWWNs or wwids, but not both'));
  if (targetWWNs.length > 0 && wwids.length > 0) errors.push(invalid(field, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously'));
  if (targetWWNs.length === 0) return errors;
  return [...errors, ...(lun === undefined ? [required(`${path}.lun`, 'lun is required if targetWWNs is specified')] : between(`${path}.lun`, lun, [0, 255]))];
}

function validateFlocker({ datasetName = '', datasetUUID = '' }: { datasetName?: string; datasetUUID?: string }, path: string): FieldError[] {
  return [
    ...(!datasetName && !datasetUUID ? [required(path, 'one of datasetName and datasetUUID is required')] : []),
    ...(datasetName && datasetUUID ? [invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously')] : []),
    ...(datasetName.includes('/') ? [invalid(`${path}.datasetName`, datasetName, "must not contain '/'")] : []),
  ];
}

function validateRegistry({ registry = '', tenant = '' }: { registry?: string; tenant?: string }, path: string): FieldError[] {
  const message = 'must be a host:port pair or multiple pairs separated by commas';
  if (!registry) return [required(`${path}.registry`, message)];
  if (tenant.length >= 65) return [required(`${path}.tenant`, 'must be a UUID and may not exceed a length of 64 characters')];
  return registry.split(',').filter((pair) => !/^([^:]*|\[[^\]]*\]):[^:]*$/.test(pair)).map(() => invalid(`${path}.registry`, registry, message));
}

function validateOptions({ options = {} }: { options?: Readonly<Record<string, string>> }, path: string): FieldError[] {
  return Object.keys(options).filter((key) => /(^|\.)(kubernetes|k8s)\.io$/i.test(key.split('/', 1)[0]!))
    .map((key) => invalid(`${path}[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved'));
}

/** A Secret of any namespace. */
export function validateSecretReference({ name, namespace }: { name?: string; namespace?: string }, path: string): FieldError[] {
  return [
    ...(name ? check(`${path}.name`, name, dnsSubdomain) : [required(`${path}.name`)]),
    ...(namespace ? check(`${path}.namespace`, namespace, dnsLabel) : [required(`${path}.namespace`)]),
  ];
}
