import type { ServiceKeyUse } from '@wakefield/domain';

/** One series of a metrics page. All labels named here must match; others are ignored. */
export interface MetricSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** How one kind of engine, or other service, is asked whether it is ready and how it does. Plain data from its recipe. */
export interface EngineProbe {
  /** Answers 2xx when it is up, to whoever asks. */
  readonly healthPath: string;
  /** OpenAI's list of models; null: it is no engine. */
  readonly modelsPath: string | null;
  /** Of what is no engine: a page that opens to the key of its job alone; null: none is known. */
  readonly privatePath: string | null;
  /** How requests carry the key. */
  readonly key: ServiceKeyUse;
  /** Kinds of tiny request, tried in this order until the engine knows one. */
  readonly warmUps: readonly ('chat' | 'completion' | 'embedding')[];
  /** Prometheus text; null: the engine has none. */
  readonly metricsPath: string | null;
  /** Candidates over the engine's versions: the first that the page has is taken, all its matches summed. */
  readonly running: readonly MetricSeries[];
  readonly waiting: readonly MetricSeries[];
  /** Where the engine itself says how many requests it takes at once; null: it does not. */
  readonly ownLimit: OwnLimit | null;
}

/** A number in JSON: `field` of every entry of `list`, summed (data parallel engines have one entry each). */
export interface OwnLimit {
  readonly path: string;
  readonly list: string;
  readonly field: string;
}
