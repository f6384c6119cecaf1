// `npm start`: see `npm start -- --help`.
import { SetupError, UnusableFileError } from '../setup-error.ts';
import { createClosing } from './closing.ts';
import { checkoutRoot } from './clusters-file.ts';
import { helpText, parseOptions } from './options.ts';
import { createProgress } from './progress.ts';
import { readyText } from './ready-text.ts';
import { startStack } from './stack.ts';

const print = (line: string) => console.log(line);
// A closed terminal or pipe is no reason to leave processes behind.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const started = performance.now();
/** Whatever hangs: ten seconds are promised, and the kernel ends what is left with us. */
const endWithinMs = 9500;
const closing = createClosing(endWithinMs, (name, error) =>
  print(`${name} did not end in order: ${String(error)}`),
);
const goneParent = 'parent process is gone';
const startFailed = 'start failed';
/** EX_CONFIG (sysexits.h), as services end with it. */
const wrongConfiguration = 78;
let ending = false;
let starting: Promise<unknown> = Promise.resolve();

async function end(reason: string, exitCode: number): Promise<void> {
  if (ending) {
    // The bootstrap hands on the second key press only when it is meant (scripts/run.mjs).
    if (reason !== goneParent) process.exit(1);
    return;
  }
  ending = true;
  // Who refuses to start must not sound as if he had ended something that runs.
  const told = reason !== startFailed || closing.hasProcesses();
  if (told) print(`\nEnding everything (${reason}; once more ends it at once) …`);
  const since = performance.now();
  setTimeout(() => process.exit(1), endWithinMs);
  await closing.closeAll();
  // What was being started meanwhile is closed as soon as it is there.
  await starting.catch(() => undefined);
  await closing.settled();
  if (told) print(`Everything has ended (${((performance.now() - since) / 1000).toFixed(1)} s).`);
  process.exit(exitCode);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => void end(signal, 0));
// The bootstrap that started us was killed.
process.on('disconnect', () => void end(goneParent, 1));

try {
  const options = parseOptions(process.argv.slice(2), process.env, {
    root: checkoutRoot(),
    workingDirectory: process.env.INIT_CWD ?? process.cwd(),
  });
  if (options.help) {
    print(helpText);
    process.exit(0);
  }
  print(`Starting Wakefield in ${options.dataDirectory}`);
  const progress = createProgress(print, closing.signal);
  const context = { options, environment: process.env, progress, log: print, closing };
  const start = startStack(context);
  starting = start;
  const stack = await start;
  if (!ending) {
    const seconds = (performance.now() - started) / 1000;
    print(readyText({ ...stack, seconds }));
  }
} catch (error) {
  if (!ending) {
    print(`\n${error instanceof SetupError ? error.message : String((error as Error).stack)}`);
    await end(startFailed, error instanceof UnusableFileError ? wrongConfiguration : 1);
  }
}
