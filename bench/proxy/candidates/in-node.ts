import { type Child, startChild } from '../../child/start-child.ts';
import { cpuMicrosOf, hasProc, processTree } from '../proc.ts';
import type { WakefieldOptions } from '../processes/proxy.ts';
import type { Asking } from '../wire.ts';
import { plainAsking } from './asking.ts';
import type { Candidate, Running } from './candidate.ts';

/** The shortest proxies that can be written with Node: `processes/bare.ts`. */
export function bare(kind: 'node:http' | 'undici'): Candidate {
  const name = kind === 'undici' ? 'node:http + undici' : kind;
  return {
    name,
    slow: false,
    brief: kind === 'undici',
    compiles: true,
    rewrites: false,
    prepare: async () => process.versions.node,
    start: async ({ enginePort, cpu }) =>
      await running(await startProxy([kind, String(enginePort)], cpu, []), [plainAsking]),
  };
}

export interface OwnOptions extends Partial<WakefieldOptions> {
  readonly name?: string;
  readonly version: string;
  /** Folder for a CPU profile; null: none. */
  readonly profile?: string | null;
  /** How it is asked, where there are many models or callers. */
  readonly askings?: readonly Asking[];
}

/** The proxy as it runs in production: `processes/proxy.ts`. */
export function wakefield({
  name = 'wakefield',
  version,
  profile,
  askings,
  ...more
}: OwnOptions): Candidate {
  const options: WakefieldOptions = {
    fastPath: true,
    models: 1,
    endpoints: 1,
    authFile: null,
    environment: {},
    ...more,
  };
  const node = profile == null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  return {
    name,
    slow: false,
    brief: false,
    compiles: true,
    rewrites: false,
    prepare: async () => version,
    start: async ({ enginePort, cpu }) => {
      const child = await startProxy(
        ['wakefield', String(enginePort), JSON.stringify(options)],
        cpu,
        node,
      );
      return await running(child, askings ?? [plainAsking]);
    },
  };
}

const file = new URL('../processes/proxy.ts', import.meta.url);

function startProxy(
  args: readonly string[],
  cpu: number | null,
  node: readonly string[],
): Promise<Child> {
  return startChild(file, args, cpu, node);
}

async function running(child: Child, askings: readonly Asking[]): Promise<Running> {
  return {
    port: await child.ask<number>({ kind: 'port' }),
    askings,
    cpuMicros: async () =>
      hasProc ? cpuMicrosOf(processTree(child.pid)) : await child.cpuMicros(),
    residentBytes: () => child.residentBytes(),
    stop: () => child.stop(),
  };
}
