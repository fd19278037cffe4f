/** How `bramble secrets rotate` asks a running control plane. Whoever may POST to the path may: administrators. */
import type { FastifyInstance } from 'fastify';

export const rotationPath = '/bramble/secrets/rotate';

export interface RotationResult {
  /** Records that were rewritten. */
  rewritten: number;
}

export function registerRotation(app: FastifyInstance, { rotate }: { rotate: () => Promise<number> }): void {
  app.post(rotationPath, async (): Promise<RotationResult> => ({ rewritten: await rotate() }));
}
