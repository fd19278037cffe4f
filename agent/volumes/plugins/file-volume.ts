/** Volumes whose files are made by the agent: each on a tmpfs of its own, so that no content reaches the card. */
import { mkdir } from 'node:fs/promises';
import type { Volume } from '../../../api/core.ts';
import { writeAtomically } from '../atomic-writer.ts';
import { configMapFiles, defaultFileMode, downwardFiles, secretFiles, tokenFiles, type Files } from '../file-sources.ts';
import type { VolumeContext, VolumePlugin } from '../volume-plugin.ts';

/** Bound of one volume's files: a ConfigMap or Secret has 1 MiB, a projected volume several, and an update doubles them. */
const maxVolumeBytes = 64 * 1024 * 1024;

function fileVolumePlugin(directory: string, supports: (volume: Volume) => boolean, filesOf: (context: VolumeContext) => Files): VolumePlugin {
  return {
    directory,
    readOnly: true,
    refreshable: true,
    supports,
    async setUp(context) {
      // Before the mount: a volume whose source is missing leaves nothing behind.
      const files = filesOf(context);
      await mkdir(context.path, { recursive: true, mode: 0o755 });
      if (!context.mounted) await context.mounter.tmpfs(context.path, { sizeBytes: maxVolumeBytes, mode: 0o1777, noSwap: true });
      await writeAtomically(context.path, files, { now: context.now, group: context.group });
      return context.path;
    },
  };
}

export const configMapPlugin = fileVolumePlugin(
  'kubernetes.io~configmap',
  (volume) => volume.configMap !== undefined,
  ({ volume, pod, state }) => {
    const source = volume.configMap!;
    return configMapFiles(
      { name: source.name ?? '', items: source.items, optional: source.optional ?? false, mode: source.defaultMode ?? defaultFileMode },
      pod.metadata?.namespace ?? '', state,
    );
  },
);

export const secretPlugin = fileVolumePlugin(
  'kubernetes.io~secret',
  (volume) => volume.secret !== undefined,
  ({ volume, pod, state }) => {
    const source = volume.secret!;
    return secretFiles(
      { name: source.secretName ?? '', items: source.items, optional: source.optional ?? false, mode: source.defaultMode ?? defaultFileMode },
      pod.metadata?.namespace ?? '', state,
    );
  },
);

export const downwardPlugin = fileVolumePlugin(
  'kubernetes.io~downward-api',
  (volume) => volume.downwardAPI !== undefined,
  ({ volume, pod, facts }) => downwardFiles(volume.downwardAPI?.items ?? [], volume.downwardAPI?.defaultMode ?? defaultFileMode, pod, facts),
);

export const projectedPlugin = fileVolumePlugin('kubernetes.io~projected', (volume) => volume.projected !== undefined, projectedFiles);

/** Later sources win where two name the same file. */
function projectedFiles({ volume, pod, state, facts }: VolumeContext): Files {
  const mode = volume.projected?.defaultMode ?? defaultFileMode;
  const namespace = pod.metadata?.namespace ?? '';
  const files: Files = new Map();
  for (const source of volume.projected?.sources ?? []) {
    const keyed = source.configMap ?? source.secret;
    const common = { name: keyed?.name ?? '', items: keyed?.items, optional: keyed?.optional ?? false, mode };
    let more: Files;
    if (source.configMap) more = configMapFiles(common, namespace, state);
    else if (source.secret) more = secretFiles(common, namespace, state);
    else if (source.downwardAPI) more = downwardFiles(source.downwardAPI.items ?? [], mode, pod, facts);
    else if (source.serviceAccountToken) more = tokenFiles(source.serviceAccountToken.path, volume.name, pod, { state, mode });
    else throw new Error(`projected volume source ${Object.keys(source).join(', ')} is not supported`);
    for (const [path, file] of more) files.set(path, file);
  }
  return files;
}
