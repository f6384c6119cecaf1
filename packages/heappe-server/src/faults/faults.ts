/** Something that goes wrong on purpose, at calls of one action of HEAppE or of all. */
export interface FaultRule {
  /** The last word of the path, e.g. `CreateJob`; `*` for every call. */
  readonly action: string;
  /** `before`: nothing has been done yet; `after`: it is done, and only the answer suffers. */
  readonly when: 'before' | 'after';
  readonly effect:
    | { readonly kind: 'delay'; readonly ms: number }
    /** No answer at all, until the caller goes away. */
    | { readonly kind: 'hang' }
    /** The connection is cut. */
    | { readonly kind: 'disconnect' }
    /** 429 as AspNetCoreRateLimit words it, 500 and 502 as HEAppE's problems, any other as a proxy in front would. */
    | { readonly kind: 'status'; readonly status: number };
  /** How often it strikes; null: until it is taken back. */
  readonly times: number | null;
}

/** Conditions that last until they are switched back. */
export interface FaultSwitches {
  /** What AllocatedNodesIPs says instead, such as `3(NXDOMAIN)`. */
  junkAddress: string | null;
  /** The status poll stands still: stored states grow stale. */
  pollHeld: boolean;
  /** Streams end with an error line after so many bytes. */
  cutStreamsAfterBytes: number | null;
  /** Streams stand still after so many bytes, open, until somebody goes away. */
  stallStreamsAfterBytes: number | null;
  /** sbatch fails with these words. */
  schedulerRefusal: string | null;
  /** sbatch takes the job, and the command fails all the same, with these words: nothing is saved. */
  schedulerForgets: string | null;
  /** slurmctld does not answer questions: HEAppE then takes every unfinished job for failed. */
  schedulerSilent: boolean;
}

export interface Faults {
  readonly switches: FaultSwitches;
  add(rule: FaultRule): void;
  /** Takes back every rule and switch. */
  clear(): void;
  rules(): readonly FaultRule[];
  /** The first rule for this moment; counts it down. */
  strike(action: string, when: FaultRule['when']): FaultRule['effect'] | null;
}

const none: FaultSwitches = {
  junkAddress: null,
  pollHeld: false,
  cutStreamsAfterBytes: null,
  stallStreamsAfterBytes: null,
  schedulerRefusal: null,
  schedulerForgets: null,
  schedulerSilent: false,
};

export function createFaults(): Faults {
  let rules: { readonly rule: FaultRule; left: number | null }[] = [];
  const switches: FaultSwitches = { ...none };
  return {
    switches,
    add(rule) {
      rules.push({ rule, left: rule.times });
    },
    clear() {
      rules = [];
      Object.assign(switches, none);
    },
    rules: () => rules.map(({ rule, left }) => ({ ...rule, times: left })),
    strike(action, when) {
      const found = rules.find(({ rule }) => rule.when === when && concerns(rule, action));
      if (found === undefined) return null;
      if (found.left !== null) {
        found.left -= 1;
        if (found.left <= 0) rules = rules.filter((entry) => entry !== found);
      }
      return found.rule.effect;
    },
  };
}

function concerns(rule: FaultRule, action: string): boolean {
  return rule.action === '*' || rule.action.toLowerCase() === action.toLowerCase();
}
