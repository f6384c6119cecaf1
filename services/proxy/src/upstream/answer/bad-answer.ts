/** What came is no HTTP/1.1 answer as RFC 9112 has it, or breaks one of our limits. The connection is of no more use. */
export class BadAnswerError extends Error {
  override readonly name = 'BadAnswerError';
}
