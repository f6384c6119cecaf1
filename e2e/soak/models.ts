/** A model whose jobs live for a minute or a few: SLURM counts whole minutes. */
export interface SoakModel {
  readonly model: string;
  readonly walltimeSeconds: number;
  /** How long its long streams last: so long that many begin before a handover and end after it. */
  readonly longStreamSeconds: number;
}

/** Slow enough for streams that last, and for hundreds of them on one machine. */
export const tokensPerSecond = 20;

export const soakModels: readonly SoakModel[] = [60, 60, 120, 120, 180, 180].map(
  (walltimeSeconds, index) => ({
    model: `soak/${walltimeSeconds / 60}-minutes-${index % 2 === 0 ? 'a' : 'b'}`,
    walltimeSeconds,
    // A handover leaves a tenth to streams (packages/domain/src/planning/staff/end-jobs.ts).
    longStreamSeconds: walltimeSeconds / 12,
  }),
);

/** What is put for each. */
export function registrationOf({ model, walltimeSeconds }: SoakModel) {
  return {
    hf_model_id: model,
    gpu_count: 1,
    engine: 'simulator',
    walltime: walltimeSeconds,
    idle_timeout: 3600,
    max_replicas: 1,
    engine_args: { load_seconds: 1, tokens_per_second: tokensPerSecond, max_concurrency: 256 },
  };
}
