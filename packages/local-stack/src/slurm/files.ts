import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  type ConfigurationInput,
  deviceCount,
  gresConf,
  slurmConf,
  sshdConf,
} from './configuration.ts';
import { needsCgroupConf, type SlurmTools } from './tools.ts';

const run = promisify(execFile);

/** Writes every file that the daemons read; keys of an earlier life are kept. */
export async function writeFiles(input: ConfigurationInput, tools: SlurmTools): Promise<void> {
  const { directory } = input;
  makeFolders(input);
  const mungeKey = join(directory, 'munge/key');
  if (!existsSync(mungeKey)) writeFileSync(mungeKey, randomBytes(128), { mode: 0o600 });
  for (let device = 0; device < deviceCount(input.nodes); device++) {
    const path = join(directory, `dev/gpu${device}`);
    if (!existsSync(path)) symlinkSync('/dev/null', path);
  }
  writeFileSync(join(directory, 'etc/slurm.conf'), slurmConf(input));
  writeFileSync(join(directory, 'etc/gres.conf'), gresConf(directory, input.nodes));
  const cgroupConf = join(directory, 'etc/cgroup.conf');
  if (needsCgroupConf(tools.version)) writeFileSync(cgroupConf, 'CgroupPlugin=disabled\n');
  else rmSync(cgroupConf, { force: true });
  await writeSshFiles(input, tools);
}

function makeFolders({ directory, nodes }: ConfigurationInput): void {
  const spools = nodes.map((node) => `spool/${node.name}`);
  for (const name of ['etc', 'munge', 'state', 'spool', 'log', 'run', 'dev', 'ssh', ...spools])
    mkdirSync(join(directory, name), { recursive: true });
  // munged refuses a socket below a folder that others may write to (munged(8)).
  for (const name of ['', 'munge', 'run', 'log']) chmodSync(join(directory, name), 0o755);
  chmodSync(join(directory, 'ssh'), 0o700);
}

async function writeSshFiles(input: ConfigurationInput, tools: SlurmTools): Promise<void> {
  const folder = join(input.directory, 'ssh');
  for (const name of ['host', 'id']) {
    if (existsSync(join(folder, name))) continue;
    const args = ['-q', '-t', 'ed25519', '-N', '', '-C', 'wakefield', '-f', join(folder, name)];
    await run(tools.sshKeygen, args);
  }
  const key = readFileSync(join(folder, 'id.pub'), 'utf8');
  writeFileSync(join(folder, 'authorized_keys'), key, { mode: 0o600 });
  const config = sshdConf({
    directory: input.directory,
    port: input.ports.ssh,
    environment: {
      SLURM_CONF: join(input.directory, 'etc/slurm.conf'),
      // A bash of the first level that ssh starts reads ~/.bashrc (bash(1), INVOCATION): what its owner has in there
      // may take a second for each session, or hang, and is none of this cluster's business.
      SHLVL: '1',
      ...(tools.unpacked === null ? {} : { PATH: tools.path }),
      ...input.loginEnvironment,
    },
  });
  writeFileSync(join(folder, 'sshd_config'), config);
}

/** Type and key of the host key, as clusters.yaml pins it. */
export function readHostKey(directory: string): string {
  return readFileSync(join(directory, 'ssh/host.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
}
