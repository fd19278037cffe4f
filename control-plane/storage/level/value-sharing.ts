/**
 * What objects of one load have in common is in memory once: sets of managed fields, and texts. While they are written they share
 * it anyway (defaults, interned sets); parsed from the disk each would have a copy of its own, some hundred bytes to some kilobytes.
 */
import { internFieldSet, type FieldSet } from '../../../api/field-path/field-set.ts';
import type { KubernetesObject } from '../../../api/meta.ts';

/** Texts that V8 shares by itself are no longer than this. */
const sharedAnyway = 10;
/** Longer ones are hardly ever the same. */
const longestText = 64;
/** Names and uids are seen once: then what is common is found again. */
const maxTexts = 4096;
const maxSets = 1024;

export class ValueSharing {
  private readonly texts = new Map<string, string>();
  private readonly sets = new Map<string, FieldSet>();

  /** Changes the object in place. */
  apply(object: KubernetesObject): void {
    for (const entry of object.metadata?.managedFields ?? []) {
      if (entry.fieldsV1) entry.fieldsV1 = this.set(entry.fieldsV1 as FieldSet);
    }
    this.values(object as Record<string, unknown>);
  }

  private values(parent: Record<string, unknown>): void {
    for (const name of Object.keys(parent)) {
      const value = parent[name];
      if (typeof value === 'string') {
        if (value.length > sharedAnyway && value.length <= longestText) parent[name] = this.text(value);
        // Interned sets are frozen.
      } else if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
        this.values(value as Record<string, unknown>);
      }
    }
  }

  private text(text: string): string {
    const known = this.texts.get(text);
    if (known !== undefined) return known;
    if (this.texts.size >= maxTexts) this.texts.clear();
    this.texts.set(text, text);
    return text;
  }

  private set(set: FieldSet): FieldSet {
    const text = JSON.stringify(set);
    const known = this.sets.get(text);
    if (known) return known;
    if (this.sets.size >= maxSets) this.sets.clear();
    const interned = internFieldSet(set);
    this.sets.set(text, interned);
    return interned;
  }
}
