// One detached process per local job: `node main.ts DIRECTORY`. Nothing of it depends on the scheduler that
// started it. SIGTERM cancels the job.
import { runJob } from './run-job.ts';

const [directory] = process.argv.slice(2);
const cancelled = new AbortController();
process.on('SIGTERM', () => cancelled.abort());
process.on('SIGINT', () => cancelled.abort());
process.on('SIGHUP', () => {});

if (directory === undefined) process.exitCode = 2;
else {
  runJob(directory, cancelled.signal).then(
    () => process.exit(0),
    () => process.exit(1),
  );
}
