/** The image of the sandbox container. No registry has it: it is made from pause-program.ts and imported. */
import { Readable } from 'node:stream';
import type { DockerClient } from './docker-client.ts';
import { isNotFound } from './errors.ts';
import { pauseArchitecture, pauseProgram, type PauseArchitecture } from './pause-program.ts';

const repository = 'bramble/pause';
/** Raise it with every change of the program: an image of the same tag is not made again. */
const version = '1';
export const sandboxImage = `${repository}:${version}`;

/** Makes the image where it is missing. @throws Error when the engine's architecture is not supported, or the engine's own. */
export async function ensureSandboxImage(client: DockerClient): Promise<void> {
  try {
    await client.inspectImage(sandboxImage);
    return;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  const { architecture: name } = await client.version();
  const architecture = pauseArchitecture(name);
  if (!architecture) throw new Error(`no sandbox program for the architecture ${name}`);
  await client.importImage(Readable.from([await sandboxArchive(architecture)]), {
    repository, tag: version, changes: ['ENTRYPOINT ["/pause"]', 'USER 65535:65535'], platform: `linux/${architecture}`,
  });
}

/** The root file system of the image: one file. */
async function sandboxArchive(architecture: PauseArchitecture): Promise<Buffer> {
  const { pack } = await import('./tar-library.ts');
  const archive = pack();
  archive.entry({ name: 'pause', mode: 0o755, mtime: new Date(0) }, pauseProgram(architecture));
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
