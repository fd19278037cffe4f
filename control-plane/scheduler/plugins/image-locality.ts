import type { NodeInfo } from '../cache/node-info.ts';
import { maximumScore, type ScorePlugin } from '../framework/interface.ts';

const mebibyte = 1024 * 1024;
const minimumBytes = 23 * mebibyte;
const maximumBytesPerContainer = 1000 * mebibyte;

/** Prefers nodes that have the pod's images, the more so the bigger and the more widespread they are. Follows imagelocality. */
export const imageLocality: ScorePlugin = {
  name: 'ImageLocality',
  prepareScore: ({ spec }, _feasible, { nodes }) => {
    const images = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].flatMap(({ image }) => (image ? [normalizedImageName(image)] : []));
    if (images.length === 0) return undefined;
    const spread = new Map(images.map((image) => [image, nodes.filter((node) => node.images.has(image)).length / Math.max(1, nodes.length)]));
    const maximumBytes = maximumBytesPerContainer * images.length;
    return {
      score: (node: NodeInfo) => {
        const bytes = images.reduce((sum, image) => sum + (node.images.get(image) ?? 0) * (spread.get(image) ?? 0), 0);
        const clamped = Math.min(Math.max(bytes, minimumBytes), maximumBytes);
        return Math.floor(((clamped - minimumBytes) * maximumScore) / (maximumBytes - minimumBytes));
      },
    };
  },
};

/** A name without tag or digest means `:latest`. */
function normalizedImageName(name: string): string {
  return name.lastIndexOf(':') <= name.lastIndexOf('/') ? `${name}:latest` : name;
}
