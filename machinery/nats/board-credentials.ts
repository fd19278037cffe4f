/** What a board needs to reach its control plane: one JSON file of mode 0600, made by the control plane or at enrolment. */
import { readFile } from 'node:fs/promises';

export interface BoardCredentials {
  /** The Node's name. */
  board: string;
  /** `tls://192.0.2.10:4222`; several, separated by commas, are tried in turn. */
  url: string;
  /** Seed of the board's nkey (`SU...`). A secret: it is the board's identity. */
  seed: string;
  /** PEM of the cluster's authority: only a server certified by it is spoken to. */
  ca: string;
}

/** The file is not there, not readable or not what it must be. The message names the file and says what to do. */
export class BoardCredentialsError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'BoardCredentialsError';
  }
}

/** @throws BoardCredentialsError */
export async function readBoardCredentials(path: string): Promise<BoardCredentials> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'it does not exist; enrol this board first' : (error as Error).message;
    throw new BoardCredentialsError(`cannot read the board's credentials ${path}: ${why}`, { cause: error });
  }
  return parseBoardCredentials(text, path);
}

/** @throws BoardCredentialsError that names the field. */
export function parseBoardCredentials(text: string, path: string): BoardCredentials {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BoardCredentialsError(`${path} is not JSON; enrol this board again`, { cause: error });
  }
  const fields = (value ?? {}) as Record<string, unknown>;
  const field = (name: keyof BoardCredentials): string => {
    const content = fields[name];
    if (typeof content !== 'string' || content === '') throw new BoardCredentialsError(`${path} has no "${name}"; enrol this board again`);
    return content;
  };
  return { board: field('board'), url: field('url'), seed: field('seed'), ca: field('ca') };
}
