/** A model whose jobs live for a minute or a few: SLURM counts whole minutes. */
export interface SoakModel {
  readonly model: string;
  readonly walltimeSeconds: number;
}

export const soakModels: readonly SoakModel[] = [60, 60, 120, 120, 180, 180].map(
  (walltimeSeconds, index) => ({
    model: `soak/${walltimeSeconds / 60}-minutes-${index % 2 === 0 ? 'a' : 'b'}`,
    walltimeSeconds,
  }),
);

/** What is put for each; engines answer fast, so that what is measured is ours. */
export function registrationOf({ model, walltimeSeconds }: SoakModel) {
  return {
    hf_model_id: model,
    gpu_count: 1,
    engine: 'simulator',
    walltime: walltimeSeconds,
    idle_timeout: 3600,
    max_replicas: 1,
    engine_args: { load_seconds: 1, tokens_per_second: 200, max_concurrency: 256 },
  };
}
