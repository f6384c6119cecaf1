import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type LoadResult, load } from './load.ts';

/**
 * CPU of the proxy per request beside the shortest proxies that can be written: ratios, because absolute figures
 * belong to one machine on one day. Rounds are interleaved, so that a busy moment hits everybody.
 */
const kinds = ['node:http', 'undici', 'wakefield'] as const;
const rounds = Number(process.env.BENCH_ROUNDS ?? 3);
const scenarios = [
  { kind: 'json', connections: 64, requests: 6000 },
  { kind: 'stream', connections: 32, requests: 600 },
] as const;

interface Measured extends LoadResult {
  readonly cpuMicros: number;
}

const upstream = start('upstream.ts', []);
const upstreamPort = await portOf(upstream);
const targets = new Map<string, { readonly child: ChildProcess; readonly port: number }>();
for (const kind of kinds) {
  const child = start('target.ts', [kind, String(upstreamPort)]);
  targets.set(kind, { child, port: await portOf(child) });
}
try {
  for (const scenario of scenarios) await run(scenario);
} finally {
  for (const { child } of targets.values()) child.kill();
  upstream.kill();
}

async function run({ kind, connections, requests }: (typeof scenarios)[number]): Promise<void> {
  const all = new Map<string, Measured[]>(kinds.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, { child, port }] of targets) {
      const before = await cpuOf(child);
      const result = await load(port, kind, connections, requests);
      const cpuMicros = ((await cpuOf(child)) - before) / requests;
      // The first round warms up.
      if (round > 0) all.get(name)?.push({ ...result, cpuMicros });
    }
  }
  const base = median(all.get('node:http') ?? [], 'cpuMicros');
  console.log(
    `\n${kind}, ${connections} connections, ${requests} requests, median of ${rounds} rounds`,
  );
  console.log(
    'proxy        CPU µs/request   × node:http   requests/s   first byte p50 µs   p99 µs',
  );
  for (const [name, results] of all) {
    const cpu = median(results, 'cpuMicros');
    const perSecond = requests / median(results, 'seconds');
    const cells = [
      cpu.toFixed(1),
      (cpu / base).toFixed(2),
      perSecond.toFixed(0),
      median(results, 'p50'),
      median(results, 'p99'),
    ];
    const widths = [17, 14, 13, 20, 9];
    console.log(
      name.padEnd(10) +
        cells.map((cell, index) => String(cell).padStart(widths[index] ?? 0)).join(''),
    );
  }
}

function start(file: string, args: readonly string[]): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
    // The log goes where a log goes in production: somewhere else.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

async function portOf(child: ChildProcess): Promise<number> {
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return port;
}

async function cpuOf(child: ChildProcess): Promise<number> {
  child.send('cpu');
  const [{ cpu }] = (await once(child, 'message')) as [{ cpu: NodeJS.CpuUsage }];
  return cpu.user + cpu.system;
}

function median(results: readonly Measured[], key: keyof Measured): number {
  const sorted = results.map((result) => result[key]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
