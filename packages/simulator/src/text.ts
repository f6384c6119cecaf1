/** Words that simulated answers are made of. */
const words =
  'the a of batch cluster node queue job engine token stream model answer light river stone quiet morning walks under over through slowly with every small bright signal keeps time while another waits its turn and then goes on'.split(
    ' ',
  );

/** FNV-1a, 32 bit. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}

/** xorshift32: the same seed gives the same numbers in [0, 1). */
function randomFrom(seed: number): () => number {
  let state = seed === 0 ? 0x9e3779b9 : seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Pieces that count as tokens: at most six visible characters with the space before them. */
export function tokenize(text: string): readonly string[] {
  return text.match(/\s?[^\s]{1,6}|\s/gu) ?? [];
}

/** How long an answer is when nothing bounds it, in tokens. */
export function naturalLength(prompt: string): number {
  return 24 + (hash(`length ${prompt}`) % 40);
}

/**
 * The endless answer to a prompt: a function of prompt and choice alone. It says first that it is
 * simulated, and quotes the prompt, so that a reader sees what he talks to.
 */
export function* answerTokens(prompt: string, choice: number): Generator<string> {
  const quote = prompt.trim().replaceAll(/\s+/g, ' ').slice(0, 80);
  yield* tokenize(`This is a simulated answer to "${quote}":`);
  const random = randomFrom(hash(`${choice} ${prompt}`));
  for (;;) yield ` ${words[Math.floor(random() * words.length)] ?? 'word'}`;
}

/** Unit vector that depends on the text alone. */
export function embed(text: string, dimensions: number): Float32Array {
  const random = randomFrom(hash(text));
  const raw = Float32Array.from({ length: dimensions }, () => random() * 2 - 1);
  const length = Math.hypot(...raw);
  return raw.map((value) => value / length);
}
