import { parseArgs } from 'node:util';
import { commandLineOptions, optionsFrom, usage } from './flags.ts';
import { startHeappeServer } from './server.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({ options: commandLineOptions });
  if (values.help === true) {
    console.log(usage);
    return;
  }
  const { options, endJobs } = optionsFrom(values, process.env);
  const server = await startHeappeServer(options);
  console.log(
    JSON.stringify({
      message: 'a HEAppE for tests listens; it is not HEAppE',
      url: server.url,
      control: server.controlUrl,
      version: server.version,
      dataDirectory: server.dataDirectory,
      pid: process.pid,
    }),
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      server.stop({ endJobs }).then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
}

main().catch((error: unknown) => {
  console.error(`heappe-server: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(2);
});
