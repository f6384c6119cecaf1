import { SetupError } from '../setup-error.ts';
import { serviceNames } from './instances.ts';

const switches = ['slurm', 'heappe'] as const;
const version = 'heappe-version';

/**
 * npm takes flags that stand before its `--` for itself, and tells so in the environment.
 * @throws SetupError with what was meant
 */
export function refuseFlagsKeptByNpm(
  flags: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
): void {
  for (const name of [...switches, version, ...serviceNames]) {
    const kept = env[`npm_config_${name.replaceAll('-', '_')}`];
    if (kept === undefined || flags[name] !== undefined) continue;
    const isCount = /^\d+$/.test(kept);
    // npm has a setting of its own called proxy: an address.
    if (name === 'proxy' && !isCount) continue;
    const isSwitch = switches.some((one) => one === name);
    const value = name === version ? '6.1' : isCount ? kept : 'N';
    const flag = isSwitch ? `--${name}` : `--${name} ${value}`;
    throw new SetupError(`npm kept --${name} for itself. You meant: npm start -- ${flag}`);
  }
}
