import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { BoardCredentialsError, readBoardCredentials, type BoardCredentials } from '../../machinery/nats/board-credentials.ts';
import { writeFileAtomic } from '../pki/atomic-file.ts';

export interface BoardRegistryOptions {
  dataDir: string;
  /** Where boards find NATS, for their credentials. */
  url: string;
  /** PEM of the cluster's authority. */
  ca: string;
  /** Called after the set of boards changed: NATS must learn of it. */
  onChange: () => Promise<void>;
}

interface BoardsFile {
  boards: Record<string, { nkey: string }>;
}

const boardName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * The boards of the cluster and their public nkeys, in `<data-dir>/server/boards.json`. Seeds stay with the boards; only a
 * board on this machine has its credentials written here, in `<data-dir>/boards/<name>/credentials.json`.
 */
export class BoardRegistry {
  private readonly options: BoardRegistryOptions;
  private readonly path: string;
  private readonly keys: Map<string, string>;

  private constructor(options: BoardRegistryOptions, path: string, keys: Map<string, string>) {
    this.options = options;
    this.path = path;
    this.keys = keys;
  }

  /** @throws Error when boards.json is there and not readable: boards must not be forgotten silently. */
  static async open(options: BoardRegistryOptions): Promise<BoardRegistry> {
    const path = join(options.dataDir, 'server', 'boards.json');
    return new BoardRegistry(options, path, await readBoards(path));
  }

  /** Board name → public nkey. */
  boards(): ReadonlyMap<string, string> {
    return this.keys;
  }

  /**
   * Makes the name a board, or gives it a new key: the old one is refused from then on.
   * @throws Error when the name cannot be a Node's (DNS-1123 label of at most 63 characters).
   */
  async enroll(name: string, publicKey: string): Promise<void> {
    if (!boardName.test(name)) throw new Error(`"${name}" cannot be a board's name: lower case letters, digits and "-", at most 63 characters`);
    if (this.keys.get(name) === publicKey) return;
    this.keys.set(name, publicKey);
    await this.save();
  }

  async remove(name: string): Promise<void> {
    if (!this.keys.delete(name)) return;
    await this.save();
  }

  /**
   * A board on this machine: its credentials are kept when they fit, else made anew.
   * @returns the path of its credentials file, mode 0600.
   */
  async ensureBoard(name: string): Promise<string> {
    const path = join(this.options.dataDir, 'boards', name, 'credentials.json');
    const present = await readIfUsable(path);
    const seed = present?.seed ?? newSeed();
    const credentials: BoardCredentials = { board: name, url: this.options.url, seed, ca: this.options.ca };
    if (JSON.stringify(present) !== JSON.stringify(credentials)) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFileAtomic(path, `${JSON.stringify(credentials, null, 2)}\n`, 0o600);
    }
    await this.enroll(name, publicKeyOf(seed));
    return path;
  }

  private async save(): Promise<void> {
    const file: BoardsFile = { boards: Object.fromEntries([...this.keys].map(([name, nkey]) => [name, { nkey }])) };
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    await writeFileAtomic(this.path, `${JSON.stringify(file, null, 2)}\n`, 0o600);
    await this.options.onChange();
  }
}

/** A new user nkey: `SU...`. */
export function newSeed(): string {
  return new TextDecoder().decode(nkeys.createUser().getSeed());
}

/** @throws Error when it is no seed. */
export function publicKeyOf(seed: string): string {
  return nkeys.fromSeed(new TextEncoder().encode(seed)).getPublicKey();
}

async function readBoards(path: string): Promise<Map<string, string>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw new Error(`cannot read the list of boards ${path}`, { cause: error });
  }
  try {
    const { boards } = JSON.parse(text) as BoardsFile;
    return new Map(Object.entries(boards).map(([name, { nkey }]) => [name, nkey]));
  } catch (error) {
    throw new Error(`${path} is damaged; restore it from a backup, or remove it and enrol every board again`, { cause: error });
  }
}

/** A file that is missing or damaged is made anew: its board is on this machine and loses nothing. */
async function readIfUsable(path: string): Promise<BoardCredentials | undefined> {
  try {
    const credentials = await readBoardCredentials(path);
    publicKeyOf(credentials.seed);
    return credentials;
  } catch (error) {
    if (error instanceof BoardCredentialsError || (error as { name?: string }).name === 'NKeysError') return undefined;
    throw error;
  }
}
