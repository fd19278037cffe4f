import { finished, type Duplex } from 'node:stream';

/**
 * Joins two connections, with half-close both ways and at the pace of the slower reader. When one is gone the other gets what
 * is under way and is then ended. Resolves when `far` is gone and `near` has got everything; `near` may still be open to be
 * read then.
 */
export async function joinDuplexes(near: Duplex, far: Duplex): Promise<void> {
  near.on('error', () => {});
  far.on('error', () => {});
  near.pipe(far);
  far.pipe(near);
  near.once('close', () => far.destroy());
  await closeOf(far);
  // A far end that broke has not ended what it sent: the near one must not take it for whole.
  if (!far.readableEnded) near.destroy();
  else if (!near.destroyed) await writtenOut(near);
}

function closeOf(duplex: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (duplex.closed) resolve();
    else duplex.once('close', resolve);
  });
}

function writtenOut(duplex: Duplex): Promise<void> {
  return new Promise((resolve) => { finished(duplex, { readable: false }, () => resolve()); });
}
