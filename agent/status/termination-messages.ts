/** Last words of containers: their termination message file, or the end of their log. Follows kubelet's getTerminationMessage. */
import { open } from 'node:fs/promises';
import type { Container } from '../../api/core.ts';
import type { ContainerRuntime, RuntimeContainer } from '../container-runtime/container-runtime.ts';

const maximumFileBytes = 4096;
const maximumLogBytes = 2048;
const maximumLogLines = 80;

/** Reads each container's message once: it cannot change any more, and its file goes with the pod's volumes. */
export class TerminationMessages {
  private readonly runtime: Pick<ContainerRuntime, 'logs'>;
  private readonly messages = new Map<string, string>();

  constructor(runtime: Pick<ContainerRuntime, 'logs'>) {
    this.runtime = runtime;
  }

  get(containerId: string): string | undefined {
    return this.messages.get(containerId);
  }

  /** To be called before the status of ended containers is made. */
  async read(containers: readonly RuntimeContainer[], specOf: (name: string) => Container | undefined): Promise<void> {
    await Promise.all(containers.filter((container) => container.phase === 'exited' && !this.messages.has(container.id)).map(async (container) => {
      this.messages.set(container.id, await this.readOne(container, specOf(container.name)));
    }));
  }

  forget(containerIds: Iterable<string>): void {
    for (const id of containerIds) this.messages.delete(id);
  }

  private async readOne(container: RuntimeContainer, spec: Container | undefined): Promise<string> {
    const fromFile = container.terminationMessageFile === undefined ? '' : await readStart(container.terminationMessageFile);
    const wantsLog = spec?.terminationMessagePolicy === 'FallbackToLogsOnError' && container.exitCode !== 0;
    return fromFile === '' && wantsLog ? this.readLogEnd(container.id) : fromFile;
  }

  private async readLogEnd(containerId: string): Promise<string> {
    let end = Buffer.alloc(0);
    try {
      for await (const chunk of this.runtime.logs(containerId, { follow: false, timestamps: false, tailLines: maximumLogLines }, new AbortController().signal)) {
        end = Buffer.concat([end, chunk.data]).subarray(-maximumLogBytes);
      }
    } catch (error) {
      return `Error reading termination message from logs: ${error instanceof Error ? error.message : String(error)}`;
    }
    return end.toString('utf8');
  }
}

async function readStart(path: string): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const buffer = Buffer.alloc(maximumFileBytes);
      const { bytesRead } = await file.read(buffer, 0, maximumFileBytes, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    return `Error on reading termination log ${path}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
