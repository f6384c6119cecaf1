import type { ArgumentProblem } from '@wakefield/control';
import type { ClusterBounds } from '@wakefield/domain';
import { nearestWord } from '@wakefield/runtime/yaml';
import { type Resources, resourcesSchema } from './service-schema.ts';

/** As somebody who starts a service writes it: unchecked, numbers as numbers or as text. */
export type GivenResources = Readonly<Record<string, unknown>>;

/** What jobs of a recipe can do without. */
export interface Abilities {
  readonly withoutGpu: boolean;
  readonly severalNodes: boolean;
}

const fields = Object.keys(resourcesSchema.shape);

/** A field as it is to be, or what is wrong with it. */
type Read<T> = { readonly value: T } | { readonly message: string };

/**
 * The resources of a job, or what is wrong with those that were asked for. What is not said is the recipe's, or as much as
 * the cluster has: whoever said nothing of CPUs must not be refused for them.
 */
export function readResources(
  defaults: Resources,
  given: GivenResources,
  bounds: ClusterBounds,
  abilities: Abilities,
): { readonly resources: Resources | null; readonly problems: readonly ArgumentProblem[] } {
  const there = within(defaults, bounds);
  const asked = (field: keyof Resources) =>
    given[field] === undefined ? there[field] : given[field];
  const read = {
    nodes: readNodes(asked('nodes'), bounds.nodes, abilities),
    cpu: readCount(asked('cpu'), bounds.cpus, 4096, ''),
    memory: readMemory(asked('memory'), bounds.memoryBytes),
    time_limit: readCount(asked('time_limit'), bounds.minutes, 43_200, ' minutes'),
    gpu: readGpu(asked('gpu'), bounds.gpus, abilities),
  };
  const problems = [
    ...unknownFields(given),
    ...Object.entries(read).flatMap(([field, result]) =>
      'message' in result ? [problemOf(field, result.message)] : [],
    ),
  ];
  const { nodes, cpu, memory, time_limit, gpu } = read;
  if ('message' in nodes || 'message' in cpu || 'message' in memory) return none(problems);
  if ('message' in time_limit || 'message' in gpu || problems.length > 0) return none(problems);
  const resources = {
    ...{ nodes: nodes.value, cpu: cpu.value, memory: memory.value },
    ...{ time_limit: time_limit.value, gpu: gpu.value },
  };
  return { resources, problems };
}

/** Without GPUs a program runs another way or not at all, and each of several nodes counts: these stay as they are. */
function within(defaults: Resources, bounds: ClusterBounds): Resources {
  const { cpus = Number.POSITIVE_INFINITY, minutes = Number.POSITIVE_INFINITY } = bounds;
  const { memoryBytes: most = Number.POSITIVE_INFINITY } = bounds;
  return {
    ...defaults,
    cpu: Math.min(defaults.cpu, cpus),
    memory: bytesOf(defaults.memory) > most ? `${Math.floor(most / units.M)}M` : defaults.memory,
    time_limit: Math.min(defaults.time_limit, minutes),
  };
}

const none = (problems: readonly ArgumentProblem[]) => ({ resources: null, problems });

function problemOf(field: string, message: string): ArgumentProblem {
  return { param: `config.resources.${field.slice(0, 64)}`, message };
}

function unknownFields(given: GivenResources): readonly ArgumentProblem[] {
  return Object.keys(given)
    .filter((field) => !fields.includes(field))
    .map((field) => {
      const near = nearestWord(field, fields);
      const hint = near === null ? `there are ${fields.join(', ')}` : `did you mean ${near}?`;
      return problemOf(field, `is unknown; ${hint}`);
    });
}

const onThis = ' on this cluster';

function readNodes(value: unknown, most: number | undefined, able: Abilities): Read<number> {
  if (able.severalNodes) return readCount(value, most, 64, '');
  const read = readCount(value, undefined, 1, '');
  const tooMany = 'message' in read && wholeNumber(value) !== null && wholeNumber(value) !== 0;
  return tooMany ? { message: `${read.message}: this recipe runs on one node` } : read;
}

function readCount(
  value: unknown,
  here: number | undefined,
  ever: number,
  unit: string,
): Read<number> {
  const number = wholeNumber(value);
  if (number === null || number < 1) return { message: wholeWords(unit) };
  const most = Math.min(here ?? ever, ever);
  if (number <= most) return { value: number };
  return { message: `must be at most ${most}${unit}${here === most ? onThis : ''}` };
}

function wholeWords(unit: string): string {
  const like = unit === '' ? '8' : '120';
  return `must be a whole number${unit === '' ? '' : ` of${unit}`} from 1, like "${like}"`;
}

function readMemory(value: unknown, most = Number.POSITIVE_INFINITY): Read<string> {
  const isSize = typeof value === 'string' && /^[1-9]\d{0,8}[KMGT]$/.test(value);
  if (!isSize) return { message: 'must be a size like "64G" or "512M"' };
  if (bytesOf(value) < LEAST_MEMORY) return { message: 'must be at least 64M' };
  if (bytesOf(value) <= most) return { value };
  return { message: `must be at most ${Math.floor(most / units.M)}M${onThis}` };
}

function readGpu(value: unknown, here: number | undefined, able: Abilities): Read<number | null> {
  const number = value === null ? 0 : wholeNumber(value);
  if (number === null || number < 0)
    return { message: 'must be a whole number like "1", or null for none' };
  if (number === 0)
    return able.withoutGpu
      ? { value: null }
      : { message: 'must not be null: this recipe needs a GPU' };
  if (here === 0) return { message: 'must be null: this cluster has no GPUs' };
  return readCount(number, here, 64, '');
}

/** null: it is none. */
function wholeNumber(value: unknown): number | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : null;
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : null;
}

/** Of a size as SLURM writes it. */
function bytesOf(size: string): number {
  return Number.parseInt(size, 10) * units[size.slice(-1) as keyof typeof units];
}

/** The job script itself needs some of it: what is less is a slip of the unit, and would be killed without a word. */
const LEAST_MEMORY = 64 * 2 ** 20;

const units = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 } as const;
