// `npm run test:vllm [-- PATTERN …]`: installs real vLLM where it is not there yet, and drives it through real SLURM jobs.
import { installPackages, missingPackages } from '@wakefield/local-stack';
import { setupVllm } from './setup-vllm.ts';
import { command, root } from './spawn.ts';

process.env.WAKEFIELD_TEST_VLLM = await setupVllm();
await installPackages(missingPackages(), (line) => console.log(line));
process.exitCode = await command(process.execPath, [
  ...['--experimental-vm-modules', '--conditions=source', '--disable-warning=ExperimentalWarning'],
  `${root}node_modules/jest/bin/jest.js`,
  ...['--selectProjects', 'vllm', '--runInBand', ...process.argv.slice(2)],
]);
