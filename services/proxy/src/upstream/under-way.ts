import type { Dispatcher } from 'undici';

/** One request at an engine: passes on what comes of it, and can tell whether anything still does. */
export class UnderWay implements Dispatcher.DispatchHandler {
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #onOver: (request: UnderWay) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #over = false;
  /** What came so far, and what had come when it was last looked at. */
  #pieces = 0;
  #seen = 0;
  #quietLooks = 0;

  constructor(handler: Dispatcher.DispatchHandler, onOver: (request: UnderWay) => void) {
    this.#handler = handler;
    this.#onOver = onOver;
  }

  /** Whether its answer has begun. */
  get answering(): boolean {
    return this.#pieces > 0;
  }

  /**
   * Called every now and then. What waits for its client to take more is not quiet.
   * @returns at how many looks in a row nothing had come since the one before
   */
  look(): number {
    const isQuiet = this.#pieces === this.#seen && this.#controller?.paused !== true;
    this.#quietLooks = isQuiet ? this.#quietLooks + 1 : 0;
    this.#seen = this.#pieces;
    return this.#quietLooks;
  }

  /** The looks count from now on. */
  lookAnew(): void {
    this.#quietLooks = 0;
    this.#seen = this.#pieces;
  }

  giveUp(reason: Error): void {
    if (this.#over) return;
    if (this.#controller !== null) this.#controller.abort(reason);
    // While it connects there is nothing to break off.
    else this.onResponseError(null, reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    if (this.#over) {
      controller.abort(new Error('given up'));
      return;
    }
    this.#controller = controller;
    this.#handler.onRequestStart?.(controller, context);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    this.#handler.onResponseStart?.(controller, status, headers);
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Buffer): void {
    this.#pieces += 1;
    this.#handler.onResponseData?.(controller, piece);
  }

  onResponseEnd(
    controller: Dispatcher.DispatchController,
    trailers: Record<string, string | string[] | undefined>,
  ): void {
    this.#end();
    this.#handler.onResponseEnd?.(controller, trailers);
  }

  onResponseError(controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#over) return;
    this.#end();
    this.#handler.onResponseError?.(controller as Dispatcher.DispatchController, error);
  }

  #end(): void {
    this.#over = true;
    this.#onOver(this);
  }
}
