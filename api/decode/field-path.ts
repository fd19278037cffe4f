/** Where a decoder is in an object: field names and list indexes from the root. */
export type PathElement = string | number;

/** `spec.containers[0].image`: the form of strict decoding errors and warnings. */
export function formatPath(path: readonly PathElement[]): string {
  let text = '';
  for (const element of path) text += typeof element === 'number' ? `[${element}]` : text === '' ? element : `.${element}`;
  return text;
}

/** `spec.containers.image`: the form of Go's type errors, which leave list indexes out. */
export function formatGoPath(path: readonly PathElement[]): string {
  return path.filter((element) => typeof element === 'string').join('.');
}
