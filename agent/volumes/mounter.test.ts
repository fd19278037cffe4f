import { describe, expect, it } from 'vitest';
import { mountPointsBelow } from './mounter.ts';

const table = [
  '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
  '30 22 0:25 / /data/pods/u-1/volumes/a rw - tmpfs tmpfs rw',
  '31 22 0:26 / /data/pods/u-1/volumes/with\\040blank rw - tmpfs tmpfs rw',
  '32 30 0:27 / /data/pods/u-1/volumes/a/inner rw - tmpfs tmpfs rw',
  '33 22 0:28 / /data/pods/u-10/volumes/a rw - tmpfs tmpfs rw',
  '34 22 0:29 / /data/pods/u-1 rw - tmpfs tmpfs rw',
  '',
].join('\n');

describe('mountPointsBelow', () => {
  it('finds what is at or below a directory, latest first, and nothing of a sibling', () => {
    expect(mountPointsBelow(table, '/data/pods/u-1')).toEqual([
      '/data/pods/u-1', '/data/pods/u-1/volumes/a/inner', '/data/pods/u-1/volumes/with blank', '/data/pods/u-1/volumes/a',
    ]);
  });

  it('decodes names that are not ASCII', () => {
    expect(mountPointsBelow('1 1 0:1 / /data/ü\\040x rw - tmpfs tmpfs rw', '/data')).toEqual(['/data/ü x']);
  });
});
