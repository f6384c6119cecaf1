import { inspect } from 'node:util';

const shown = '[secret]';

/**
 * A value that must not be shown: as string, in JSON and in `util.inspect` it reads `[secret]`.
 * `reveal()` is the only way to it, so that every use can be found by searching for that word.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return shown;
  }

  toJSON(): string {
    return shown;
  }

  [inspect.custom](): string {
    return shown;
  }
}
