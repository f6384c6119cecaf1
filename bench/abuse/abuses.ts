/** Settings of the proxy under abuse, in seconds, as the environment has them. */
export interface Patience {
  readonly HEAD_TIMEOUT: number;
  readonly IDLE_TIMEOUT: number;
  readonly BODY_TIMEOUT: number;
  readonly STALL_TIMEOUT: number;
}

/** Small ones, so that nobody waits for long; what they bound is the same. */
export const shortPatience: Patience = {
  HEAD_TIMEOUT: 4,
  IDLE_TIMEOUT: 6,
  BODY_TIMEOUT: 4,
  STALL_TIMEOUT: 4,
};
/** Those of production. */
export const defaultPatience: Patience = {
  HEAD_TIMEOUT: 20,
  IDLE_TIMEOUT: 65,
  BODY_TIMEOUT: 60,
  STALL_TIMEOUT: 60,
};

/** What each of many connections does. */
export type Deed =
  /** Nothing at all. */
  | 'silent'
  /** Asks once, and stays. */
  | 'idle'
  /** A byte of its head every half second. */
  | 'slow-head'
  /** One header of 64 KB. */
  | 'long-header'
  /** Headers without end. */
  | 'many-headers'
  /** Chunks without end, as fast as they are taken. */
  | 'endless-chunks'
  /** The same, each of one byte. */
  | 'tiny-chunks'
  /** As much as a length of 1 TB announces. */
  | 'endless-length'
  /** A byte of its body every half second. */
  | 'slow-body'
  /** Asks for a large answer, and reads nothing. */
  | 'deaf'
  /** Asks for a stream without pause, and reads nothing. */
  | 'deaf-stream'
  /** Asks again and again, and reads nothing. */
  | 'deaf-pipeline'
  /** Sends what is no request, reads the refusal, and does not close. */
  | 'clinging'
  /** Asks for a tunnel, sends something into it, and does not close. */
  | 'tunnel';

export interface Abuse {
  readonly name: string;
  readonly deed: Deed;
  readonly connections: number;
  /** What bounds it, by setting. */
  readonly bound: string;
  /** Longest time until all of it is over, in seconds. */
  readonly overAfter: number;
  /** Other than usual, for the proxy. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Looks come in steps, and a machine may be busy. */
const slackS = 4;
/** A client that is still sending gets so long to read why it is refused. */
const lingerS = 10;

/** @param most connections at once */
export function abusesOf(patience: Patience, most: number): readonly Abuse[] {
  const { HEAD_TIMEOUT, IDLE_TIMEOUT, BODY_TIMEOUT, STALL_TIMEOUT } = patience;
  const up = (count: number): number => Math.min(most, count);
  const stalled = 2 * STALL_TIMEOUT + slackS;
  const full = Math.max(100, Math.floor(most / 4));
  return [
    {
      // They are told, and do not close.
      ...{ name: 'connections that say nothing', deed: 'silent', connections: most },
      ...{ bound: 'HEAD_TIMEOUT', overAfter: HEAD_TIMEOUT + 5 + stalled },
    },
    {
      ...{ name: 'idle connections', deed: 'idle', connections: most },
      ...{ bound: 'IDLE_TIMEOUT', overAfter: IDLE_TIMEOUT + 2 + slackS },
    },
    {
      ...{ name: 'more connections than there may be', deed: 'idle', connections: most },
      ...{ bound: 'MAX_CONNECTIONS', overAfter: IDLE_TIMEOUT + 2 + slackS },
      environment: { MAX_CONNECTIONS: String(full) },
    },
    {
      ...{ name: 'heads that trickle (slowloris)', deed: 'slow-head', connections: up(5000) },
      ...{ bound: 'HEAD_TIMEOUT', overAfter: HEAD_TIMEOUT + 5 + stalled },
    },
    {
      ...{ name: 'a header of 64 KB', deed: 'long-header', connections: up(1000) },
      ...{ bound: 'MAX_HEAD', overAfter: stalled },
    },
    {
      ...{ name: 'headers without end', deed: 'many-headers', connections: up(1000) },
      ...{ bound: 'MAX_HEAD', overAfter: stalled },
    },
    {
      ...{ name: 'chunks without end', deed: 'endless-chunks', connections: up(20) },
      ...{ bound: 'MAX_BODY', overAfter: lingerS + 2 * slackS },
    },
    {
      // A megabyte of them is six on the wire, and a million pieces.
      ...{ name: 'chunks of one byte', deed: 'tiny-chunks', connections: up(4) },
      ...{ bound: 'MAX_BODY', overAfter: BODY_TIMEOUT + lingerS + 2 * slackS },
      environment: { MAX_BODY: '1MiB' },
    },
    {
      ...{ name: 'a body of 1 TB, announced', deed: 'endless-length', connections: up(20) },
      ...{ bound: 'MAX_BODY', overAfter: lingerS + 2 * slackS },
    },
    {
      ...{ name: 'bodies that trickle', deed: 'slow-body', connections: up(5000) },
      ...{ bound: 'BODY_TIMEOUT', overAfter: BODY_TIMEOUT + lingerS + slackS },
    },
    {
      ...{ name: 'large answers that nobody reads', deed: 'deaf', connections: up(100) },
      ...{ bound: 'STALL_TIMEOUT', overAfter: stalled },
    },
    {
      ...{ name: 'streams that nobody reads', deed: 'deaf-stream', connections: up(20) },
      ...{ bound: 'STALL_TIMEOUT', overAfter: stalled },
    },
    {
      ...{ name: 'pipelines that nobody reads', deed: 'deaf-pipeline', connections: up(100) },
      ...{ bound: 'STALL_TIMEOUT', overAfter: stalled + STALL_TIMEOUT },
    },
    {
      ...{ name: 'refused, and not closed', deed: 'clinging', connections: up(1000) },
      ...{ bound: 'STALL_TIMEOUT', overAfter: stalled },
    },
    {
      ...{ name: 'tunnels, and not closed', deed: 'tunnel', connections: up(1000) },
      ...{ bound: 'STALL_TIMEOUT', overAfter: stalled },
    },
  ];
}
