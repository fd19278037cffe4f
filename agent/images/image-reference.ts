/** Names of images: `[registry/]repository[:tag][@digest]`, as github.com/distribution/reference defines them. */
const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const host = '(?:[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?)*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?';
const pattern = new RegExp(`^(?:${host}/)?${component}(?:/${component})*(?::([\\w][\\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`);
const imageId = /^(sha256:)?[0-9a-f]{64}$/;

export const defaultRegistry = 'docker.io';

export interface ImageReference {
  registry: string;
  /** What to pull: the name with a tag or digest, `latest` where the pod names none. */
  name: string;
}

/** @returns undefined for what is no image name (reason InvalidImageName). */
export function parseImageReference(image: string): ImageReference | undefined {
  if (imageId.test(image)) return { registry: '', name: image };
  const match = pattern.exec(image);
  if (!match) return undefined;
  const [first = '', ...rest] = image.split('/');
  const hasRegistry = rest.length > 0 && (/[.:A-Z]/.test(first) || first === 'localhost');
  return { registry: hasRegistry ? first : defaultRegistry, name: match[1] !== undefined || match[2] !== undefined ? image : `${image}:latest` };
}
