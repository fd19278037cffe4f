/** What somebody outside makes of the object of a request, in the version in which he sees it. */
import { decodeObject } from '../../../api/decode/decode-object.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import type { Resource } from '../../../api/resources.ts';
import { deepClone } from '../../registry/deep-clone.ts';
import { deepEqual } from '../../registry/deep-equal.ts';
import { applyScale, toScale, type Scale } from '../../registry/scale.ts';
import type { AdmissionAttributes } from '../admission.ts';
import type { Convert } from './admission-request.ts';

/** Subresources that take something else than an object of the kind. */
const ownKinds: ReadonlySet<string> = new Set(['binding', 'eviction', 'token']);

/**
 * Puts the changed object in its place, with the defaults of its kind.
 * @param change must not change what it is given.
 * @returns whether it is another object now.
 */
export async function changeObject(attributes: AdmissionAttributes, shownAs: Resource, convert: Convert, change: (shown: KubernetesObject) => KubernetesObject): Promise<boolean> {
  const { object, resource, subresource, defaulter } = attributes;
  if (!object) return false;
  const before = deepClone(object);
  const shown = subresource === 'scale' ? toScale(resource, object) : shownAs === resource ? object : await convert(object, resource, shownAs);
  const changed = change(shown);
  const wanted = subresource === 'scale' ? applyScale(resource, object, changed as Scale)
    : subresource && ownKinds.has(subresource) ? changed : await stored(convert, changed, shownAs, resource);
  replaceContent(object, wanted);
  defaulter?.defaults(object);
  return !deepEqual(before, object);
}

/** Back in the version that is stored, without fields that the kind does not have. */
async function stored(convert: Convert, changed: KubernetesObject, shownAs: Resource, resource: Resource): Promise<KubernetesObject> {
  // Kinds of CustomResourceDefinitions have a schema of their own, which their defaulter applies.
  const decoded = 'custom' in shownAs ? changed : decodeObject(changed, shownAs, { fieldValidation: 'Ignore' }).object;
  return shownAs === resource ? decoded : convert(decoded, shownAs, resource);
}

function replaceContent(object: KubernetesObject, wanted: KubernetesObject): void {
  const target = object as Record<string, unknown>;
  for (const key of Object.keys(target)) if (!Object.hasOwn(wanted, key)) Reflect.deleteProperty(target, key);
  Object.assign(target, wanted);
}
