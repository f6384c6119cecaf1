import { SetupError } from '../setup-error.ts';
import { serviceNames } from './instances.ts';

const switches = ['slurm', 'heappe'] as const;

/**
 * npm takes flags that stand before its `--` for itself, and tells so in the environment.
 * @throws SetupError with what was meant
 */
export function refuseFlagsKeptByNpm(
  flags: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
): void {
  for (const name of [...switches, ...serviceNames]) {
    const kept = env[`npm_config_${name}`];
    if (kept === undefined || flags[name] !== undefined) continue;
    const isCount = /^\d+$/.test(kept);
    // npm has a setting of its own called proxy: an address.
    if (name === 'proxy' && !isCount) continue;
    const flag = switches.some((one) => one === name)
      ? `--${name}`
      : `--${name} ${isCount ? kept : 'N'}`;
    throw new SetupError(`npm kept --${name} for itself. You meant: npm start -- ${flag}`);
  }
}
