/** Milliseconds since the Unix epoch. The domain never reads a clock; `now` always comes in. */
export type EpochMs = number;
/** A length of time in milliseconds. */
export type DurationMs = number;
