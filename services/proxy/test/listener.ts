import type { AnswerControl, AnswerHandler } from '../src/upstream/answer-handler.ts';

/** Writes down what it hears of an answer. */
export class Listener implements AnswerHandler {
  control: AnswerControl | null = null;
  status = 0;
  headers: readonly string[] = [];
  body = '';
  pieces = 0;
  ended = false;
  error: (Error & { readonly code?: string }) | null = null;
  /** How often there was room again for what is written. */
  drained = 0;
  /** What it does besides when a piece comes. */
  onPiece: (control: AnswerControl) => void = () => undefined;

  get over(): boolean {
    return this.ended || this.error !== null;
  }

  onStart(control: AnswerControl): void {
    this.#check();
    this.control = control;
  }

  onHead(status: number, headers: readonly string[]): void {
    this.#check();
    this.status = status;
    this.headers = headers;
  }

  onData(piece: Buffer): void {
    this.#check();
    this.body += piece.toString('latin1');
    this.pieces += 1;
    if (this.control !== null) this.onPiece(this.control);
  }

  onDrained(): void {
    this.drained += 1;
  }

  onEnd(): void {
    this.#check();
    this.ended = true;
  }

  onError(error: Error): void {
    this.#check();
    this.error = error;
  }

  /** Nothing is told behind the end, or during a pause. */
  #check(): void {
    if (this.over) throw new Error('told something behind the end');
    if (this.control?.paused === true) throw new Error('told something during a pause');
  }
}
