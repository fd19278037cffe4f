/** kubectl as a user has it: the one named by BRAMBLE_TEST_KUBECTL, or the one on PATH. */
import { spawn } from 'node:child_process';

export interface KubectlResult {
  code: number;
  stdout: string;
  stderr: string;
}

export class Kubectl {
  private readonly kubeconfig: string;
  private readonly program: string;

  constructor(kubeconfig: string, program = process.env.BRAMBLE_TEST_KUBECTL ?? 'kubectl') {
    this.kubeconfig = kubeconfig;
    this.program = program;
  }

  /** Never rejects for a non-zero code: that is for the test to judge. */
  try(args: readonly string[], input?: string): Promise<KubectlResult> {
    return new Promise((resolve, reject) => {
      const child = spawn(this.program, args, { env: { ...process.env, KUBECONFIG: this.kubeconfig }, stdio: ['pipe', 'pipe', 'pipe'] });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
      child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
      child.on('error', reject);
      child.on('close', (code) => resolve({ code: code ?? 128, stdout, stderr }));
      child.stdin.end(input ?? '');
    });
  }

  /** @returns stdout. @throws with everything kubectl said, when it failed. */
  async run(args: readonly string[], input?: string): Promise<string> {
    const result = await this.try(args, input);
    if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${result.code}: ${result.stderr}${result.stdout}`);
    return result.stdout;
  }

  async json<T>(args: readonly string[]): Promise<T> {
    return JSON.parse(await this.run([...args, '-o', 'json'])) as T;
  }
}
