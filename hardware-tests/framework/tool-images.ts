/** Images of a shell with the usual tools, for pods of tests: busybox of this machine with its applets and libraries. */
import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { copyProgram, importTree, withProgram, type ImageConfig } from './program-image.ts';

const run = promisify(execFile);
const busybox = '/bin/busybox';

/**
 * @param config what the image says of its own: `ENTRYPOINT ["/bin/echo"]`, `USER 1000`.
 * @param programs absolute paths of more programs of this machine.
 */
export async function importTools(dockerHost: string, name: string, config: ImageConfig = {}, programs: readonly string[] = []): Promise<void> {
  const { stdout } = await run(busybox, ['--list']);
  await withProgram(busybox, async (root) => {
    for (const applet of stdout.split('\n').filter((line) => line !== '' && line !== 'busybox')) symlinkSync('busybox', join(root, 'bin', applet));
    for (const program of programs) await copyProgram(program, root);
    writeFileSync(join(root, 'etc', 'passwd'), 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/tmp:/bin/sh\n');
    writeFileSync(join(root, 'etc', 'group'), 'root:x:0:\nuser:x:1000:\n');
    mkdirSync(join(root, 'root'), { mode: 0o700 });
    await importTree(dockerHost, root, name, { changes: ['ENV PATH=/bin', ...config.changes ?? []] });
  });
}
