import { ConfigError } from './config.ts';
import { errorRecord } from './error-record.ts';

/**
 * Runs a process's start and ends it with a readable message when that fails: 78 for a wrong configuration
 * (EX_CONFIG), 1 for anything else.
 */
export async function runMain(
  start: () => Promise<void>,
  host: {
    readonly stderr: { write(text: string): unknown };
    exit(code: number): void;
  } = process,
): Promise<void> {
  try {
    await start();
  } catch (error) {
    if (error instanceof ConfigError) {
      host.stderr.write(`${error.message}\n`);
      host.exit(error.exitCode);
      return;
    }
    host.stderr.write(
      `${JSON.stringify({ level: 'fatal', msg: 'start failed', err: errorRecord(error) })}\n`,
    );
    host.exit(1);
  }
}
