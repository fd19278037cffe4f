import { decodeControl, decodeHead, headerBytes, SpdyError, type Frame, type FrameHead } from './frame.ts';

/** Bytes of a control frame: a header block of kubectl has about a hundred. */
const maxControlBytes = 32 * 1024;

/**
 * Bytes of a connection → frames. Of data frames, parts are handed on as they come (`fin` with the last), so that never more
 * than one control frame is held back. Frames of types that nobody knows are left out, as the protocol asks.
 */
export class FrameSplitter {
  /** What is held back: a part of a head, or of the payload of a control frame. */
  private held: Buffer[] = [];
  private heldBytes = 0;
  private head: FrameHead | undefined;
  private remaining = 0;

  /** @throws SpdyError for what is not SPDY/3.1; then there is nothing to be done with what follows. */
  push(input: Buffer): Frame[] {
    const frames: Frame[] = [];
    let at = 0;
    while (at < input.length) {
      const { head } = this;
      const wanted = head ? this.remaining : headerBytes - this.heldBytes;
      const end = Math.min(input.length, at + wanted);
      const piece = input.subarray(at, end);
      at = end;
      if (!head) this.takeHead(piece, frames);
      else if (head.type === 'data') this.takeData(head, piece, frames);
      else this.takePayload(head, piece, frames);
    }
    return frames;
  }

  private takeHead(piece: Buffer, frames: Frame[]): void {
    this.hold(piece);
    if (this.heldBytes < headerBytes) return;
    const head = decodeHead(this.release());
    if (head.type === 'data' && head.streamId === 0) throw new SpdyError('data of stream 0');
    if (head.type !== 'data' && head.length > maxControlBytes) throw new SpdyError(`a control frame has ${head.length} bytes`);
    this.head = head;
    this.remaining = head.length;
    if (head.length === 0) this.finish(head, frames, Buffer.alloc(0));
  }

  private takeData(head: FrameHead, piece: Buffer, frames: Frame[]): void {
    this.remaining -= piece.length;
    if (this.remaining === 0) this.finish(head, frames, piece);
    else frames.push({ type: 'data', streamId: head.streamId, fin: false, data: piece });
  }

  private takePayload(head: FrameHead, piece: Buffer, frames: Frame[]): void {
    this.remaining -= piece.length;
    this.hold(piece);
    if (this.remaining === 0) this.finish(head, frames, this.release());
  }

  private finish(head: FrameHead, frames: Frame[], payload: Buffer): void {
    this.head = undefined;
    if (head.type === 'data') frames.push({ type: 'data', streamId: head.streamId, fin: (head.flags & 1) !== 0, data: payload });
    else if (head.type !== undefined) frames.push(decodeControl(head.type, head.flags, payload));
  }

  private hold(piece: Buffer): void {
    this.held.push(piece);
    this.heldBytes += piece.length;
  }

  private release(): Buffer {
    const bytes = this.held.length === 1 ? this.held[0]! : Buffer.concat(this.held);
    this.held = [];
    this.heldBytes = 0;
    return bytes;
  }
}
