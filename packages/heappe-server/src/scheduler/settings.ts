/** Which cluster is behind HEAppE. */
export type SchedulerSettings =
  | {
      readonly kind: 'processes';
      /** Nodes are names only: all jobs run on this machine. */
      readonly nodes: readonly { readonly name: string; readonly gpus: number }[];
      /** Seconds between TERM and KILL. SLURM: 30. */
      readonly killWaitSeconds: number;
    }
  | {
      readonly kind: 'slurm';
      /** PATH, HOME, SLURM_CONF … of a login shell. */
      readonly environment: Readonly<Record<string, string>>;
    };
