/** What is known of the proxies that count the same limits. */
export interface Peers {
  /** That reported lately, this one among them. */
  readonly proxies: number;
  /** Whether this proxy has heard nothing of the others for a while: each has its equal part then, and no more. */
  readonly alone: boolean;
}

/** What others have told of a limit says nothing of them after so long. */
export const staleAfterMs = 2000;
/** Of a limit: when so much more was used, the others hear of it at once. */
export const urgentShare = 0.05;
/** Of a limit: with less than this, of all proxies together, nobody has to hear of it. */
export const slightShare = 0.01;
/** Of a limit: from here on it may decide soon, and every word of the others counts. */
export const nearShare = 0.5;
