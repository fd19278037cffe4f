/** A stream that cannot be opened. `message` is what the client reads, in the kubelet's words; `code` is an HTTP status. */
export class StreamOpenError extends Error {
  readonly code: number;

  constructor(code: number, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'StreamOpenError';
    this.code = code;
  }
}
