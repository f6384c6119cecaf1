import { stat } from 'node:fs/promises';
import type { SlurmSshConfig } from '../config/slurm-ssh.ts';
import type { SshConnection } from '../ssh/connection.ts';
import { createRemoteShell, type RemoteAnswer } from '../ssh/remote-shell.ts';
import { loginRemedy } from './remedies.ts';
import { LOGIN_SURVEY } from './survey.ts';
import { bad, doubtful, type Finding, good, messageOf } from './terminal.ts';

/** Seconds that the clocks may differ before times in states become confusing. */
const SKEW_SECONDS = 5;

/**
 * Logs in and looks around.
 * @returns what the login node said; null when nothing further can be tried
 */
export async function* checkLogin(
  config: SlurmSshConfig,
  connection: SshConnection,
  now: () => number,
): AsyncGenerator<Finding, ReadonlyMap<string, string> | null> {
  yield* keyFiles(config);
  const asked = performance.now();
  const shell = createRemoteShell(connection, { now });
  try {
    await connection.client(AbortSignal.timeout(config.timeouts.connect));
    const took = Math.round(performance.now() - asked);
    yield good(
      'login',
      `${config.user}@${config.host}:${config.port}, host key as pinned, ${took} ms`,
    );
    const answer = await shell.run(
      LOGIN_SURVEY,
      [config.workingDirectory, config.modelDirectory ?? ''],
      { timeoutMs: config.timeouts.command, signal: new AbortController().signal },
    );
    yield* readSurvey(config, answer, now());
    return missingPrograms(answer.frames).length > 0 ? null : answer.frames;
  } catch (error) {
    yield bad('login', messageOf(error), loginRemedy(config, messageOf(error)));
    return null;
  } finally {
    shell.close();
  }
}

function* readSurvey(
  config: SlurmSshConfig,
  { frames, noise }: RemoteAnswer,
  now: number,
): Generator<Finding> {
  const said = noise.trim();
  if (said === '') yield good('login shell', `quiet, bash ${frames.get('bash')}`);
  else
    yield doubtful(
      'login shell',
      `it prints ${JSON.stringify(said.slice(0, 60))}`,
      'harmless to us, but guard it in ~/.bashrc: [ -n "$PS1" ] || return',
    );
  yield* programs(frames);
  const skew = Math.round(Number(frames.get('clock')) - now / 1000);
  yield Math.abs(skew) <= SKEW_SECONDS
    ? good('clock', `differs by ${Math.abs(skew)} s`)
    : bad('clock', `the login node is ${skew} s off`, 'let both machines keep time by NTP');
  yield* folders(config, frames);
}

/** A private key that others may read is as good as theirs; OpenSSH's own client would refuse it (ssh(1)). */
async function* keyFiles({ keyFile, transport }: SlurmSshConfig): AsyncGenerator<Finding> {
  for (const file of [keyFile, ...(transport.kind === 'jump' ? [transport.keyFile] : [])]) {
    const mode = await stat(file).then(
      (found) => found.mode & 0o777,
      () => null,
    );
    if (mode !== null && (mode & 0o077) !== 0)
      yield doubtful(
        'key file',
        `others on this machine may use ${file} (mode 0${mode.toString(8)})`,
        `chmod 600 ${file}`,
      );
  }
}

function missingPrograms(frames: ReadonlyMap<string, string>): readonly string[] {
  return ['sbatch', 'squeue', 'scancel', 'base64', 'head', 'tail', 'timeout', 'tr'].filter(
    (program) => !frames.has(`program/${program}`),
  );
}

function* programs(frames: ReadonlyMap<string, string>): Generator<Finding> {
  const missing = missingPrograms(frames);
  if (missing.length > 0)
    yield bad(
      'programs',
      `not on PATH: ${missing.join(', ')}`,
      'set PATH in ~/.bashrc, above any line that returns for shells without a terminal',
    );
  else yield good('programs', `${frames.get('version')}, ${frames.get('program/sbatch')}`);
}

function* folders(config: SlurmSshConfig, frames: ReadonlyMap<string, string>): Generator<Finding> {
  const refusal = frames.get('unwritable');
  const filesystem = frames.get('filesystem') ?? '';
  if (refusal !== undefined)
    yield bad('working directory', refusal, 'name a directory that this account may write');
  else if (/^(tmpfs|ramfs|devtmpfs)$/.test(filesystem))
    yield doubtful(
      'working directory',
      `${config.workingDirectory} is on ${filesystem}`,
      'it must be on a file system that compute nodes share; --submit tries it',
    );
  else yield good('working directory', `${config.workingDirectory} is writable (${filesystem})`);
  if (config.modelDirectory === null) return;
  yield frames.get('models') === 'readable'
    ? good('model directory', config.modelDirectory)
    : bad(
        'model directory',
        `${config.modelDirectory} cannot be read`,
        'stage models there, or leave modelDirectory out',
      );
}
