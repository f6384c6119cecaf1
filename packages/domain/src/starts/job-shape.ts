import type { ModelSpec } from '../vocabulary/model.ts';

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** Walltimes between which a queue makes little difference, in seconds; longer ones count in weeks. */
const walltimeClasses: readonly (readonly [number, string])[] = [
  [5 * minute, '5m'],
  [15 * minute, '15m'],
  [30 * minute, '30m'],
  [hour, '1h'],
  [2 * hour, '2h'],
  [4 * hour, '4h'],
  [8 * hour, '8h'],
  [12 * hour, '12h'],
  [day, '1d'],
  [2 * day, '2d'],
  [4 * day, '4d'],
];

/**
 * What a job of this model asks of its cluster, as one comparable word: jobs of one shape on one cluster wait
 * alike. What the engine does inside (its arguments, the model) makes no difference to a queue.
 * @param queue where the cluster would put it, in the words of its driver; empty where it has but one
 */
export function jobShape(
  { gpuCount, walltimeSeconds, resources }: ModelSpec,
  queue: string,
): string {
  const { nodes, cpus, memory } = resources;
  const parts = [
    ['q', queue],
    ['g', gpuCount],
    ['n', nodes],
    ['c', cpus ?? '-'],
    ['m', memory?.toUpperCase() ?? '-'],
    ['t', walltimeClass(walltimeSeconds)],
  ];
  return parts.map(([key, value]) => `${key}=${value}`).join(' ');
}

function walltimeClass(seconds: number): string {
  const fitting = walltimeClasses.find(([longest]) => seconds <= longest);
  return fitting?.[1] ?? `${Math.ceil(seconds / (7 * day))}w`;
}
