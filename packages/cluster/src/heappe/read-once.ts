/** From here on a body is worth letting go of as soon as it is sent. */
const LARGE_BYTES = 64 * 1024;

/** A body for undici, which keeps what it is given until the answer is over: for a stream, that may be many minutes. */
export interface SentOnce {
  readonly body: string | Buffer | Iterable<Buffer>;
  readonly headers: Readonly<Record<string, string>>;
}

/** A long one can be read once, and is empty then; its length is said beforehand. */
export function sentOnce(body: string | Buffer): SentOnce {
  if (body.length < LARGE_BYTES) return { body, headers: {} };
  let bytes: Buffer | null = typeof body === 'string' ? Buffer.from(body) : body;
  const headers = { 'content-length': String(bytes.length) };
  return {
    headers,
    body: {
      *[Symbol.iterator]() {
        const whole = bytes;
        bytes = null;
        if (whole !== null) yield whole;
      },
    },
  };
}
