const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const minus = 0x2d;
const plus = 0x2b;
const dot = 0x2e;
const zero = 0x30;
const nine = 0x39;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Deeper than any request; engines written in Python give up far earlier. */
const maxDepth = 10_000;
/** Strings up to this length are walked byte by byte; beyond it the native search wins. */
const walkedBytes = 48;

const literals: Readonly<Record<number, Uint8Array>> = {
  116: Buffer.from('true'),
  102: Buffer.from('false'),
  110: Buffer.from('null'),
};

/**
 * Walks over JSON text (RFC 8259) without making values of it. The grammar is checked except inside of strings,
 * where control characters and wrong escapes are left for whoever decodes them.
 */
export class JsonCursor {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** The byte after the blanks here, or -1 at the end. Leaves the cursor on it. */
  peek(): number {
    const { bytes } = this;
    let at = this.at;
    let byte = bytes[at];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++at];
    this.at = at;
    return byte ?? -1;
  }

  /** Steps over the byte if it is the one asked for. */
  take(wanted: number): boolean {
    if (this.peek() !== wanted) return false;
    this.at += 1;
    return true;
  }

  /** From the opening quote to behind the closing one. */
  skipString(): boolean {
    const { bytes } = this;
    if (bytes[this.at] !== quote) return false;
    const near = Math.min(bytes.length, this.at + walkedBytes);
    for (let at = this.at + 1; at < near; at += 1) {
      const byte = bytes[at];
      if (byte === quote) {
        this.at = at + 1;
        return true;
      }
      if (byte === backslash) at += 1;
    }
    return this.#skipLongString();
  }

  /** Any value, however deep. */
  skipValue(): boolean {
    const first = this.peek();
    if (first !== openBrace && first !== openBracket) return this.#skipScalar(first);
    return this.#skipNested();
  }

  /** A string and the colon behind it, as before every member of an object. */
  skipName(): boolean {
    return this.peek() === quote && this.skipString() && this.take(colon);
  }

  #skipLongString(): boolean {
    const { bytes } = this;
    const start = this.at;
    let end = bytes.indexOf(quote, start + 1);
    while (end !== -1) {
      let before = end - 1;
      while (before > start && bytes[before] === backslash) before -= 1;
      if ((end - before) % 2 === 1) {
        this.at = end + 1;
        return true;
      }
      end = bytes.indexOf(quote, end + 1);
    }
    return false;
  }

  #skipNested(): boolean {
    /** Closing bytes of everything that is open. */
    const open: number[] = [];
    do {
      if (!this.#enterValue(open) || !this.#leaveValues(open)) return false;
    } while (open.length > 0);
    return true;
  }

  /** One scalar, an empty container, or the way down to the first scalar inside. */
  #enterValue(open: number[]): boolean {
    for (;;) {
      const byte = this.peek();
      if (byte !== openBrace && byte !== openBracket) return this.#skipScalar(byte);
      const closing = byte + 2;
      this.at += 1;
      if (this.take(closing)) return true;
      if (open.push(closing) > maxDepth) return false;
      if (closing === closeBrace && !this.skipName()) return false;
    }
  }

  /** Behind a value: closes what ends here and stops in front of the next value. */
  #leaveValues(open: number[]): boolean {
    while (open.length > 0) {
      const closing = open.at(-1);
      const byte = this.peek();
      this.at += 1;
      if (byte === comma) return closing === closeBracket || this.skipName();
      if (byte !== closing) return false;
      open.pop();
    }
    return true;
  }

  #skipScalar(first: number): boolean {
    if (first === quote) return this.skipString();
    const literal = literals[first];
    if (literal === undefined) return this.#skipNumber();
    for (let index = 1; index < literal.length; index += 1) {
      if (this.bytes[this.at + index] !== literal[index]) return false;
    }
    this.at += literal.length;
    return true;
  }

  #skipNumber(): boolean {
    if (this.bytes[this.at] === minus) this.at += 1;
    if (this.bytes[this.at] === zero) this.at += 1;
    else if (!this.#skipDigits()) return false;
    if (this.bytes[this.at] === dot) {
      this.at += 1;
      if (!this.#skipDigits()) return false;
    }
    return this.#skipExponent();
  }

  #skipExponent(): boolean {
    const mark = this.bytes[this.at];
    if (mark !== 0x65 && mark !== 0x45) return true;
    this.at += 1;
    const sign = this.bytes[this.at];
    if (sign === plus || sign === minus) this.at += 1;
    return this.#skipDigits();
  }

  #skipDigits(): boolean {
    const { bytes } = this;
    let at = this.at;
    let byte = bytes[at];
    while (byte !== undefined && byte >= zero && byte <= nine) byte = bytes[++at];
    const found = at > this.at;
    this.at = at;
    return found;
  }
}
