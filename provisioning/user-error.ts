/** A mistake or a missing thing that the person at the keyboard can mend: printed as one line, exit code 1, no stack. */
export class UserError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'UserError';
  }
}
