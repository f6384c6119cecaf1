import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommandLine, parseCommandLine } from './options.ts';
import { type Simulator, startSimulator } from './simulator.ts';

const log = (text: string) => console.log(`INFO ${new Date().toISOString()} [simulator] ${text}`);

/** The engine dies as vLLM does: with a Python traceback in its log. */
function traceback(error: string): void {
  console.error(
    [
      'Traceback (most recent call last):',
      '  File "vllm/v1/engine/core.py", line 1, in run_engine_core (simulated)',
      error,
    ].join('\n'),
  );
}

/** vLLM binds its port before it loads; whoever came first keeps it. */
async function checkPort(host: string, port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ host, port }, () => server.close(() => resolve(true)));
  });
}

async function load(options: CommandLine): Promise<boolean> {
  const parts = 4;
  for (let part = 1; part <= parts; part++) {
    await sleep((options.loadSeconds * 1000) / parts);
    log(`Loading simulated weights: ${(part / parts) * 100}% Completed | ${part}/${parts}`);
    if (options.fail === 'load' && part * 2 >= parts) {
      traceback('torch.OutOfMemoryError: CUDA out of memory. (simulated: fail=load)');
      return false;
    }
  }
  return true;
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

async function main(): Promise<number> {
  const options = parseCommandLine(process.argv.slice(2));
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
  if (!(await checkPort(options.host, options.port))) return portTaken(options.port);
  const loaded = await Promise.race([load(options), stopped]);
  if (loaded === false) return 1;
  if (typeof loaded === 'number') return loaded;
  simulator = await serve(options, key);
  if (simulator === null) return portTaken(options.port);
  log(`Starting simulated server on ${simulator.url}`);
  log('Application startup complete.');
  return stopped;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`simulator: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  },
);
