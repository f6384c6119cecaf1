/**
 * How long a request to a model may take, as its registration says, in seconds. null: as the proxy is configured; 0: as
 * long as it takes.
 */
export interface RequestTimeouts {
  /** Until there is a connection to an engine; never 0. */
  readonly connectSeconds: number | null;
  /** From then until the first byte of the answer's body: a stream's head comes before its engine has done anything. */
  readonly firstByteSeconds: number | null;
  readonly betweenBytesSeconds: number | null;
  /** From the head of the request to the end of the answer, waiting for the model included. */
  readonly totalSeconds: number | null;
}

export const noTimeouts: RequestTimeouts = {
  connectSeconds: null,
  firstByteSeconds: null,
  betweenBytesSeconds: null,
  totalSeconds: null,
};
