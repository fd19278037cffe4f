/** StorageClasses, VolumeAttachments and what CSI drivers say of themselves. */
import type { CSIDriver, CSIDriverSpec, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment, VolumeAttachmentSpec, VolumeAttributesClass } from '../../../api/storage.ts';
import { age } from './human-duration.ts';
import { none } from './labels.ts';
import { ageColumn, column, nameColumn, type Printer } from './printer.ts';
import { record } from './records.ts';

const unset = '<unset>';
const defaultAnnotations = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];

export const storageClassPrinter: Printer<StorageClass> = {
  columns: [
    nameColumn,
    column('Provisioner', { description: 'Who makes the volumes.' }),
    column('ReclaimPolicy', { description: 'What becomes of a volume whose claim goes.' }),
    column('VolumeBindingMode', { description: 'When volumes are made and bound.' }),
    column('AllowVolumeExpansion', { description: 'Whether volumes may grow.' }),
    ageColumn,
  ],
  cells: ({ metadata, provisioner, reclaimPolicy, volumeBindingMode, allowVolumeExpansion }, now) => {
    const isDefault = defaultAnnotations.some((annotation) => metadata?.annotations?.[annotation] === 'true');
    return [
      `${metadata?.name ?? ''}${isDefault ? ' (default)' : ''}`, provisioner, reclaimPolicy ?? 'Delete', volumeBindingMode ?? 'Immediate',
      allowVolumeExpansion ?? false, age(metadata?.creationTimestamp, now),
    ];
  },
};

export const volumeAttachmentPrinter: Printer<VolumeAttachment> = record<VolumeAttachment>([
  column('Attacher', { format: 'name', description: 'The CSI driver that attaches the volume.' }),
  column('PV', { description: 'Name of the persistent volume.' }),
  column('Node', { description: 'Where the volume is attached.' }),
  column('Attached', { type: 'boolean', description: 'Whether it is attached.' }),
], ({ spec, status }: { spec?: Partial<VolumeAttachmentSpec>; status?: VolumeAttachment['status'] }) => [
  spec?.attacher ?? '', spec?.source?.persistentVolumeName ?? '', spec?.nodeName ?? '', status?.attached ?? false,
]);

export const volumeAttributesClassPrinter: Printer<VolumeAttributesClass> = record<VolumeAttributesClass>(
  [column('DriverName', { description: 'The driver that changes the volumes.' })], ({ driverName }) => [driverName]);

export const csiNodePrinter: Printer<CSINode> = record<CSINode>(
  [column('Drivers', { type: 'integer', description: 'Drivers indicates the number of CSI drivers registered on the node' })],
  ({ spec }: { spec?: Partial<CSINode['spec']> }) => [spec?.drivers?.length ?? 0]);

export const csiDriverPrinter: Printer<CSIDriver> = record<CSIDriver>([
  column('AttachRequired', { type: 'boolean', description: 'Whether volumes must be attached first.' }),
  column('PodInfoOnMount', { type: 'boolean', description: 'Whether the driver wants to know the pod.' }),
  column('StorageCapacity', { type: 'boolean', description: 'Whether the scheduler should look at the capacity.' }),
  column('TokenRequests', { description: 'Audiences of the tokens that the driver wants.' }),
  column('RequiresRepublish', { type: 'boolean', description: 'Whether volumes are published again from time to time.' }),
  column('Modes', { description: 'Lifecycles of volumes that the driver supports.' }),
], ({ spec = {} }: { spec?: CSIDriverSpec }) => [
  spec.attachRequired ?? true, spec.podInfoOnMount ?? false, spec.storageCapacity ?? false,
  spec.tokenRequests ? spec.tokenRequests.map(({ audience }) => audience).join(',') : unset, spec.requiresRepublish ?? false,
  (spec.volumeLifecycleModes ?? []).join(',') || none,
]);

export const csiStorageCapacityPrinter: Printer<CSIStorageCapacity> = {
  columns: [
    nameColumn,
    column('StorageClassName', { description: 'The class whose volumes it is about.' }),
    column('Capacity', { description: 'How much there is.' }),
  ],
  cells: ({ metadata, storageClassName, capacity }) => [metadata?.name ?? '', storageClassName, capacity ?? unset],
};
