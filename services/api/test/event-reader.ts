/** One server-sent event, as an EventSource would hand it on. */
export interface ReadEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string | null;
}

export interface EventReader {
  readonly status: number;
  readonly headers: Headers;
  /** The next one; null: the stream has ended. */
  next(): Promise<ReadEvent | null>;
  /** All up to one of this kind, that included. */
  until(event: string): Promise<readonly ReadEvent[]>;
  leave(): void;
}

/** Follows a stream of events, without comments. */
export async function readEvents(
  url: string,
  key: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventReader> {
  const leaving = new AbortController();
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${key}`, ...headers },
    signal: AbortSignal.any([leaving.signal, AbortSignal.timeout(20_000)]),
  });
  const chunks = response.body?.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  let text = '';
  const next = async (): Promise<ReadEvent | null> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end >= 0) {
        const block = text.slice(0, end).split('\n');
        text = text.slice(end + 2);
        const read = eventOf(block);
        if (read !== null) return read;
        continue;
      }
      const chunk = await chunks?.next();
      if (chunk === undefined || chunk.done) return null;
      text += chunk.value;
    }
  };
  return {
    status: response.status,
    headers: response.headers,
    next,
    async until(event) {
      const read: ReadEvent[] = [];
      for (;;) {
        const one = await next();
        if (one === null) throw new Error(`ended before ${event}: ${JSON.stringify(read)}`);
        read.push(one);
        if (one.event === event) return read;
      }
    },
    leave: () => leaving.abort(),
  };
}

/** null: no event, but a comment or the pause before coming again. */
function eventOf(lines: readonly string[]): ReadEvent | null {
  const of = (name: string) =>
    lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
  const data = of('data');
  if (data.length === 0) return null;
  return { event: of('event')[0] ?? 'message', data: data.join('\n'), id: of('id')[0] ?? null };
}
