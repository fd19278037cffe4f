/** Defaults of volumes that neither the board nor the cluster keeps, in pods and PersistentVolumes alike. Follows pkg/apis/core/v1/defaults.go. */
interface Sources {
  iscsi?: { iscsiInterface?: string };
  rbd?: { pool?: string; user?: string; keyring?: string };
  azureDisk?: { cachingMode?: string; fsType?: string; kind?: string; readOnly?: boolean };
  scaleIO?: { storageMode?: string; fsType?: string };
}

export function defaultForeignSources({ iscsi, rbd, azureDisk, scaleIO }: Sources): void {
  if (iscsi) iscsi.iscsiInterface ||= 'default';
  if (rbd) {
    rbd.pool ||= 'rbd';
    rbd.user ||= 'admin';
    rbd.keyring ||= '/etc/ceph/keyring';
  }
  if (azureDisk) {
    azureDisk.cachingMode ??= 'ReadWrite';
    azureDisk.kind ??= 'Shared';
    azureDisk.fsType ??= 'ext4';
    azureDisk.readOnly ??= false;
  }
  if (scaleIO) {
    scaleIO.storageMode ||= 'ThinProvisioned';
    scaleIO.fsType ||= 'xfs';
  }
}
