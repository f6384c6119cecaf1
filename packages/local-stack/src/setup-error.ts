/** Something on this machine is in the way. The message says what, and what a person can do about it. */
export class SetupError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SetupError';
  }
}

/** A file of the user's cannot be used as it is. */
export class UnusableFileError extends SetupError {}
