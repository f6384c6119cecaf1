/** What whoever hears of an answer may do about it. Once the answer is over nothing of it does anything. */
export interface AnswerControl {
  /** Whether nothing more is to be told for now. */
  readonly paused: boolean;
  /** Whether nothing here holds the bytes of the request any more: the operating system has its own copy of all of them. */
  readonly isTaken: boolean;
  /** The engine will have to wait: nothing more is read of its answer, and nothing told. */
  pause(): void;
  resume(): void;
  /** Closes the connection at once, as engines are told to stop. Nothing more is heard of the answer. */
  abort(): void;
  /**
   * Sends bytes to an engine that has switched protocols.
   * @returns false when it cannot take more: wait for `onDrained`
   */
  write(bytes: Buffer): boolean;
  /** Nothing more is sent to such an engine, which may still speak. */
  finish(): void;
}

/** Hears what becomes of one request. After `onEnd` or `onError` it hears no more. */
export interface AnswerHandler {
  /** There is a connection: the request is about to be sent, unless it is aborted now. */
  onStart(control: AnswerControl): void;
  /** @param headers names, in lower case, and values by turns, as they came */
  onHead(status: number, headers: readonly string[]): void;
  /** @param piece a view of what was read: nobody changes it */
  onData(piece: Buffer): void;
  /** What was written is with the operating system: more may come. Only where `write` is used. */
  onDrained(): void;
  onEnd(): void;
  /**
   * The answer is not complete, and will not be: before `onStart` no connection came about, or the request could not
   * be written (`UnsendableError`).
   */
  onError(error: Error): void;
}

/** The value of the first header of this name in a list of names and values by turns. */
export function headerOf(headers: readonly string[], name: string): string | undefined {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (headers[index] === name) return headers[index + 1];
  }
  return undefined;
}
