/** Runs the kubectl of this machine (or BRAMBLE_TEST_KUBECTL) against a server. */
import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';

export const kubectlPath = process.env['BRAMBLE_TEST_KUBECTL'] ?? 'kubectl';

export interface KubectlResult {
  code: number;
  stdout: string;
  stderr: string;
}

export class Kubectl {
  private readonly environment: NodeJS.ProcessEnv;
  private readonly path: string;

  /** @param home for its caches. @param path of the executable. */
  constructor(kubeconfig: string, home: string, environment: NodeJS.ProcessEnv = {}, path = kubectlPath) {
    this.path = path;
    this.environment = { PATH: process.env['PATH'], HOME: home, KUBECONFIG: kubeconfig, ...environment };
  }

  /** Resolves whatever the exit code. */
  run(args: readonly string[], input = ''): Promise<KubectlResult> {
    return new Promise((resolve) => {
      const child = execFile(this.path, args, { env: this.environment, timeout: 30_000 }, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr });
      });
      child.stdin?.end(input);
    });
  }

  /** @throws Error with stderr when it fails. @returns stdout. */
  async ok(args: readonly string[], input = ''): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} exited with ${code}: ${stderr}`);
    return stdout;
  }

  start(args: readonly string[]): ChildProcessWithoutNullStreams {
    return spawn(this.path, args, { env: this.environment });
  }
}
