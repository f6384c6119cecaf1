import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Log, logOf, traceback } from './log.ts';
import { type CommandLine, parseCommandLine } from './options.ts';
import { openHead, type RankHead } from './rank-head.ts';
import { followHead } from './rank-process.ts';
import { type Simulator, startSimulator } from './simulator.ts';
import { load } from './weights.ts';

/** vLLM binds its port before it loads; whoever came first keeps it. */
async function checkPort(host: string, port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ host, port }, () => server.close(() => resolve(true)));
  });
}

function portTaken(port: number): number {
  traceback(`OSError: [Errno 98] Address already in use: port ${port}`);
  return 1;
}

async function serve(options: CommandLine, key: string | null): Promise<Simulator | null> {
  const die = () => {
    traceback('RuntimeError: EngineCore died (simulated: fail=serve)');
    // vLLM's watchdog looks every 5 s and then stops the server.
    setTimeout(() => process.exit(1), 5000);
  };
  try {
    return await startSimulator({ ...options, key }, die);
  } catch {
    return null;
  }
}

/** All ranks come before any of them loads. */
async function prepare(options: CommandLine, head: RankHead, log: Log): Promise<boolean> {
  const { waitSeconds } = options.place;
  const inTime = head.complete.then(() => true);
  if (await Promise.race([inTime, sleep(waitSeconds * 1000, false)])) return load(options, log);
  traceback(`torch.distributed.DistStoreError: not all ranks came within ${waitSeconds} s`);
  return false;
}

function rankLost(rank: number): number {
  traceback(`RuntimeError: the connection to rank ${rank} was lost (simulated)`);
  return 1;
}

async function main(): Promise<number> {
  const options = parseCommandLine(process.argv.slice(2));
  const { place } = options;
  const log = logOf(place);
  const key = options.keyFile === null ? null : readFileSync(options.keyFile, 'utf8').trim();
  let simulator: Simulator | null = null;
  const stopped = new Promise<number>((resolve) => {
    process.on('SIGTERM', () => {
      log('shutdown triggered');
      // While it loads there is nothing to finish: Python would die of a KeyboardInterrupt.
      if (simulator === null) resolve(130);
      else
        simulator.shutdown().then(
          () => resolve(0),
          () => resolve(1),
        );
    });
  });
  log('this is no inference engine: answers are made up, no model is loaded');
  if (options.fail === 'start') {
    console.error('ERROR simulated: fail=start');
    return 1;
  }
  const engine = options.models.at(-1) ?? '';
  if (place.rank > 0) return await followHead(options, engine, log, stopped);
  if (!(await checkPort(options.host, options.port))) return portTaken(options.port);
  const head = await openHead(place, engine, log).catch(() => null);
  if (head === null) return portTaken(place.headPort);
  const ended = Promise.race([stopped, head.lost.then(rankLost)]);
  const loaded = await Promise.race([prepare(options, head, log), ended]);
  if (loaded === false) return 1;
  if (typeof loaded === 'number') return loaded;
  simulator = await serve(options, key);
  if (simulator === null) return portTaken(options.port);
  log(`Starting simulated server on ${simulator.url}`);
  log('Application startup complete.');
  const code = await ended;
  if (code === 0) await head.release();
  return code;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`simulator: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  },
);
