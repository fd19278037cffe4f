/** Names from metadata.generateName. Follows k8s.io/apiserver/pkg/storage/names. */
import type { Randomness } from './randomness.ts';

/** No vowels and no digits that look like letters, so that no words come out. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
const suffixLength = 5;
const maximumLength = 63;

/** How often a name is drawn before the create gives up with AlreadyExists. */
export const generateNameAttempts = 8;

export function generateName(base: string, random: Randomness): string {
  let suffix = '';
  for (let index = 0; index < suffixLength; index++) suffix += alphabet.charAt(random.integer(alphabet.length));
  return base.slice(0, maximumLength - suffixLength) + suffix;
}
