import { describe, expect, test } from 'vitest';
import type { Pod } from '../../../../api/core.ts';
import { defaultPod } from './defaults.ts';
import { validatePod } from './validation.ts';

function problems(spec: object): string[] {
  const pod: Pod = { metadata: { name: 'p', namespace: 'n' }, spec: structuredClone({ containers: [{ name: 'a', image: 'a:1' }], ...spec }) };
  defaultPod(pod);
  return validatePod(pod).map(({ field, message }) => `${field}: ${message}`);
}

describe('a volume', () => {
  const place = 'spec.volumes[0]';
  const claim = { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };
  test.each<[object, string[]]>([
    [{ csi: { driver: 'csi.example.com', nodePublishSecretRef: { name: 's' } } }, []],
    [{ csi: {} }, [`${place}.csi.driver: Required value`, expect.stringContaining('RFC 1123 subdomain') as string]],
    [{ csi: { driver: 'd', nodePublishSecretRef: {} } }, [`${place}.csi.nodePublishSecretRef.name: Required value`]],
    [{ ephemeral: { volumeClaimTemplate: claim } }, []],
    [{ ephemeral: {} }, [`${place}.ephemeral.volumeClaimTemplate: Required value`]],
    [{ ephemeral: { volumeClaimTemplate: { spec: { ...claim.spec, accessModes: [] } } } }, [`${place}.ephemeral.volumeClaimTemplate.spec.accessModes: Required value: at least 1 access mode is required`]],
    [{ iscsi: { targetPortal: '10.0.0.1', iqn: 'iqn.2001-04.com.example:storage', lun: 0 } }, []],
    [{ iscsi: { lun: 300 } }, [`${place}.iscsi.targetPortal: Required value`, `${place}.iscsi.iqn: Required value`, `${place}.iscsi.lun: Invalid value: 300: must be between 0 and 255, inclusive`]],
    [{ iscsi: { targetPortal: 'p', iqn: 'x', lun: 0, chapAuthSession: true } }, [`${place}.iscsi.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa`, `${place}.iscsi.secretRef: Required value`]],
    [{ fc: {} }, [`${place}.fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both`]],
    [{ fc: { targetWWNs: ['a'] } }, [`${place}.fc.lun: Required value: lun is required if targetWWNs is specified`]],
    [{ rbd: {} }, [`${place}.rbd.monitors: Required value`, `${place}.rbd.image: Required value`]],
    [{ flexVolume: { driver: 'd', options: { 'a.kubernetes.io/b': 'c' } } }, [`${place}.flexVolume.options[a.kubernetes.io/b]: Invalid value: "a.kubernetes.io/b": kubernetes.io and k8s.io namespaces are reserved`]],
    [{ gcePersistentDisk: { pdName: 'd', partition: 256 } }, [`${place}.gcePersistentDisk.partition: Invalid value: 256: must be between 0 and 255, inclusive`]],
    [{ flocker: {} }, [`${place}.flocker: Required value: one of datasetName and datasetUUID is required`]],
    [{ projected: { sources: [{ secret: { name: 's', items: [{ key: 'k', path: 'a' }] } }, { configMap: { name: 'm', items: [{ key: 'k', path: 'a' }] } }] } }, [`${place}.projected: Invalid value: "m": conflicting duplicate paths`]],
    [{ projected: { sources: [{ secret: { name: 's' }, configMap: { name: 'm' } }] } }, [`${place}.projected.sources[0]: Forbidden: may not specify more than 1 volume type`]],
    [{ projected: { sources: [{ serviceAccountToken: { expirationSeconds: 2 ** 33 } }] } }, [`${place}.projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 8589934592: may not specify a duration larger than 2^32 seconds`, `${place}.projected.path: Required value`, `${place}.projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set`]],
  ])('%.110j', (volume, expected) => expect(problems({ volumes: [{ name: 'v', ...volume }] })).toEqual(expected));
});

describe('a spec', () => {
  const container = (securityContext: object) => [{ name: 'a', image: 'a:1', securityContext }];
  const apparmor = 'spec.securityContext.appArmorProfile';
  test.each<[object, string[]]>([
    [{ os: { name: 'linux' } }, []],
    [{ os: { name: '' } }, ['spec.os.name: Required value: cannot be empty']],
    [{ os: { name: 'beos' } }, ['spec.os: Unsupported value: "beos": supported values: "linux", "windows"']],
    [{ os: { name: 'linux' }, securityContext: { windowsOptions: {} } }, ['spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod']],
    [{ os: { name: 'windows' }, hostPID: true, securityContext: { fsGroup: 1 }, containers: container({ privileged: true }) }, [
      'spec.securityContext.fsGroup: Forbidden: cannot be set for a windows pod', 'spec.securityContext.hostPID: Forbidden: cannot be set for a windows pod',
      'spec.containers[0].securityContext.privileged: Forbidden: cannot be set for a windows pod',
    ]],
    [{ hostUsers: false, hostPID: true, hostNetwork: true }, ['spec.hostNetwork: Forbidden: when `pod.Spec.HostUsers` is false', 'spec.HostPID: Forbidden: when `pod.Spec.HostUsers` is false']],
    [{ hostUsers: true, hostPID: true }, []],
    [{ securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: 'p' } } }, []],
    [{ securityContext: { appArmorProfile: {} } }, [`${apparmor}.type: Required value: type is required when appArmorProfile is set`]],
    [{ securityContext: { appArmorProfile: { type: 'Localhost' } } }, [`${apparmor}.localhostProfile: Required value: must be set when AppArmor type is Localhost`]],
    [{ securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: ' p' } } }, [`${apparmor}.localhostProfile: Invalid value: " p": must not be padded with whitespace`]],
    [{ securityContext: { appArmorProfile: { type: 'Unconfined', localhostProfile: 'p' } } }, [`${apparmor}.localhostProfile: Invalid value: "p": can only be set when AppArmor type is Localhost`]],
    [{ containers: container({ appArmorProfile: { type: 'X' } }) }, ['spec.containers[0].securityContext.appArmorProfile.type: Unsupported value: "X": supported values: "Localhost", "RuntimeDefault", "Unconfined"']],
    [{ containers: container({ seccompProfile: { type: 'Localhost', localhostProfile: '/x' } }) }, ['spec.containers[0].securityContext.seccompProfile.localhostProfile: Invalid value: "/x": must be a relative path']],
    [{ securityContext: { sysctls: [{ name: 'a.b', value: '1' }, { name: 'a.b', value: '2' }] } }, ['spec.securityContext.sysctls[1].name: Duplicate value: "a.b"']],
    [{ securityContext: { supplementalGroupsPolicy: 'X' } }, ['spec.securityContext.supplementalGroupsPolicy: Unsupported value: "X": supported values: "Merge", "Strict"']],
    [{ dnsConfig: { nameservers: ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'] } }, ['spec.dnsConfig.nameservers: Invalid value: ["192.0.2.1","192.0.2.2","192.0.2.3","192.0.2.4"]: must not have more than 3 nameservers']],
  ])('%.110j', (spec, expected) => expect(problems(spec)).toEqual(expected));
});
