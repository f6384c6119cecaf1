// `npm run test:faults`: pulls every plug of a running Wakefield, in two ways, and tells what that cost.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { installPackages, missingPackages } from '@wakefield/local-stack';
import { command, root } from './spawn.ts';

const usage = `npm run test:faults -- [--only NAME,…] [--kind kill|stop] [--markdown FILE] [--crash]

  --only NAME,…     some of: api, scheduler, proxy, postgres, redis, munged, slurmctld, slurmd, sshd, tunnel, engine,
                    flushall (counts as kill), read-only (counts as stop); on HEAppE heappe, heappe-tunnels,
                    heappe-sessions (both count as kill), heappe-create, heappe-submit, heappe-slow-submit,
                    heappe-429, heappe-500 (as stop)
  --kind kill|stop  SIGKILL alone, or SIGSTOP for 20 s alone
  --markdown FILE   writes the table there, too
  --crash           then lets every effect of the scheduler go wrong in every way, which takes half an hour more`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    kind: { type: 'string', default: '' },
    markdown: { type: 'string' },
    crash: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(usage);
else if (!/^(kill|stop)?$/.test(values.kind)) {
  console.error(usage);
  process.exitCode = 1;
} else await run();

async function run(): Promise<void> {
  process.env.WAKEFIELD_TEST_FAULTS_ONLY = values.only;
  process.env.WAKEFIELD_TEST_FAULTS_KIND = values.kind;
  if (values.markdown !== undefined)
    process.env.WAKEFIELD_TEST_FAULTS_TABLE = resolve(process.env.INIT_CWD ?? '.', values.markdown);
  await installPackages(missingPackages(), (line) => console.log(line));
  process.exitCode = await command(process.execPath, [
    ...[
      '--experimental-vm-modules',
      '--conditions=source',
      '--disable-warning=ExperimentalWarning',
    ],
    `${root}node_modules/jest/bin/jest.js`,
    ...['--selectProjects', 'faults', '--runInBand'],
    // Whoever chooses faults does not want the traps beside them.
    ...(values.only === '' && values.kind === '' ? [] : ['matrix']),
  ]);
  if (!values.crash || process.exitCode !== 0) return;
  process.env.WAKEFIELD_TEST_THOROUGH = '1';
  const nodeFlags = ['--conditions=source', '--disable-warning=ExperimentalWarning'];
  process.exitCode = await command(process.execPath, [
    ...nodeFlags,
    `${root}scripts/test.ts`,
    'services/scheduler/src/crash',
  ]);
}
