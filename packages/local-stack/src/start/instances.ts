import { SetupError } from '../setup-error.ts';

/** What `npm start` runs one or several of. */
export const serviceNames = ['api', 'scheduler', 'proxy'] as const;

export type ServiceName = (typeof serviceNames)[number];

/** How many of each. */
export type Instances = Readonly<Record<ServiceName, number>>;

const most = 16;

/**
 * @param flags as typed: `--proxy 2`
 * @throws SetupError naming the flag
 */
export function parseInstances(
  flags: {
    readonly [name in ServiceName]?: string | undefined;
  },
): Instances {
  const count = (name: ServiceName): number => {
    const text = flags[name] ?? '1';
    const value = Number(text);
    if (!/^\d{1,2}$/.test(text) || value < 1 || value > most)
      throw new SetupError(
        `--${name} has to be a number of processes, 1 to ${most}, not "${text}".`,
      );
    return value;
  };
  return { api: count('api'), scheduler: count('scheduler'), proxy: count('proxy') };
}

/** `proxy` where there is one, else `proxy-1`, `proxy-2`. */
export function instanceNames(service: ServiceName, count: number): readonly string[] {
  if (count === 1) return [service];
  return Array.from({ length: count }, (_, index) => `${service}-${index + 1}`);
}
