import type { Dialect } from './options.ts';

export type FinishReason = 'stop' | 'length' | 'abort' | 'error';

/** What the engine counts over its life. */
export interface Counters {
  promptTokens: number;
  generationTokens: number;
  readonly finished: Record<FinishReason, number>;
}

export function createCounters(): Counters {
  return {
    promptTokens: 0,
    generationTokens: 0,
    finished: { stop: 0, length: 0, abort: 0, error: 0 },
  };
}

/** What the metrics page shows besides the counters. */
export interface Load {
  readonly running: number;
  readonly waiting: number;
  readonly maxConcurrency: number;
}

/** Prometheus text under the imitated engine's own names (vllm/v1/metrics/loggers.py; sglang metrics_collector.py). */
export function metricsPage(
  dialect: Dialect,
  model: string,
  counters: Counters,
  load: Load,
): string {
  return dialect === 'vllm' ? vllmPage(model, counters, load) : sglangPage(model, counters, load);
}

function vllmPage(model: string, counters: Counters, load: Load): string {
  const labels = `engine="0",model_name="${escapeLabel(model)}"`;
  return [
    ...gauge('vllm:num_requests_running', labels, load.running),
    ...gauge('vllm:num_requests_waiting', labels, load.waiting),
    ...gauge('vllm:kv_cache_usage_perc', labels, load.running / load.maxConcurrency),
    ...counter('vllm:prompt_tokens', labels, counters.promptTokens),
    ...counter('vllm:generation_tokens', labels, counters.generationTokens),
    '# HELP vllm:request_success_total Count of successfully processed requests (simulated).',
    '# TYPE vllm:request_success_total counter',
    ...Object.entries(counters.finished).map(
      ([reason, count]) =>
        `vllm:request_success_total{engine="0",finished_reason="${reason}",model_name="${escapeLabel(model)}"} ${count}`,
    ),
    '',
  ].join('\n');
}

function sglangPage(model: string, counters: Counters, load: Load): string {
  const labels = `engine_type="unified",model_name="${escapeLabel(model)}"`;
  const rank = `${labels},tp_rank="0",pp_rank="0"`;
  return [
    ...gauge('sglang:num_running_reqs', rank, load.running),
    ...gauge('sglang:num_queue_reqs', rank, load.waiting),
    ...gauge('sglang:token_usage', rank, load.running / load.maxConcurrency),
    ...counter('sglang:prompt_tokens', labels, counters.promptTokens),
    ...counter('sglang:generation_tokens', labels, counters.generationTokens),
    ...counter('sglang:num_aborted_requests', labels, counters.finished.abort),
    '',
  ].join('\n');
}

function gauge(name: string, labels: string, value: number): string[] {
  return [`# HELP ${name} Simulated.`, `# TYPE ${name} gauge`, `${name}{${labels}} ${value}`];
}

function counter(name: string, labels: string, value: number): string[] {
  const total = `${name}_total`;
  return [`# HELP ${total} Simulated.`, `# TYPE ${total} counter`, `${total}{${labels}} ${value}`];
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
