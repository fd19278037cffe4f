/** What keeps a store from opening, in words that say what to do. */

/** The record cannot be trusted: something on the disk is damaged or missing. */
export class StorageDamagedError extends Error {
  /** Damaged keys, empty when the whole database is. */
  readonly keys: readonly string[];

  constructor(directory: string, what: string, keys: readonly string[] = [], options?: { cause: unknown }) {
    super(
      `the database ${directory} is damaged: ${what}. Restore the directory from a backup; or, to go on without what cannot be read, `
      + `create the file ${salvageFile(directory)} and start again: what is dropped is listed in the log`,
      options,
    );
    this.name = 'StorageDamagedError';
    this.keys = keys;
  }
}

/** The database cannot be opened now, for a reason outside of its contents. */
export class StorageUnavailableError extends Error {
  constructor(message: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = 'StorageUnavailableError';
  }
}

/** While this file exists, opening drops what is damaged; it is removed once that is done. */
export function salvageFile(directory: string): string {
  return `${directory}/salvage`;
}

/** @param error what abstract-level's open() threw: its cause carries LevelDB's status. */
export function translateOpenError(directory: string, error: unknown): Error {
  if (error instanceof StorageDamagedError) return error;
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const detail = cause instanceof Error ? cause.message : String(cause);
  switch (levelCode(cause)) {
    case 'LEVEL_LOCKED':
      return new StorageUnavailableError(`the database ${directory} is in use by another process: stop it first`, { cause });
    case 'LEVEL_CORRUPTION':
      return new StorageDamagedError(directory, detail, [], { cause });
    case 'LEVEL_IO_ERROR':
      return new StorageUnavailableError(
        `the database ${directory} cannot be opened: ${detail}. Check the disk and its free space; where files are missing, `
        + `restore the directory from a backup, or create the file ${salvageFile(directory)} to go on with what is readable`,
        { cause },
      );
    default:
      return new StorageUnavailableError(`the database ${directory} cannot be opened: ${detail}`, { cause });
  }
}

export function isLocked(error: unknown): boolean {
  return error instanceof StorageUnavailableError && levelCode(error.cause) === 'LEVEL_LOCKED';
}

export function levelCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
