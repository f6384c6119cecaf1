import type { SlurmSshConfig } from '../config/slurm-ssh.ts';

/** What was said, and what a person can do about it; the first that matches counts. */
type Remedies = readonly (readonly [RegExp, string])[];

function pick(remedies: Remedies, words: string, otherwise: string): string {
  return remedies.find(([pattern]) => pattern.test(words))?.[1] ?? otherwise;
}

/** For a login that failed; `words` are of ssh/failures.ts, ssh/target.ts or ssh/remote-shell.ts. */
export function loginRemedy(
  { name, user, host, keyFile }: Pick<SlurmSshConfig, 'name' | 'user' | 'host' | 'keyFile'>,
  words: string,
): string {
  const remedies: Remedies = [
    [
      /no host key is pinned/,
      `npm run cluster -- trust ${name}, and compare with what the centre publishes`,
    ],
    [
      /host key/,
      `ask the centre whether the key was changed; if so: npm run cluster -- trust ${name}. If not, somebody may stand between`,
    ],
    [
      /does not accept the key/,
      `is user right? Add the line that \`ssh-keygen -y -f ${keyFile}\` prints to ~/.ssh/authorized_keys of ${user} on ${host}, or where the centre collects keys`,
    ],
    [
      /remote shell/,
      'the account must be able to run /bin/bash without a terminal; ask the centre',
    ],
    [
      /\(ENOENT\)/,
      'there is no such file; names that are not absolute begin at the folder of clusters.yaml',
    ],
    [/\(EACCES\)/, 'the user that runs Wakefield must be able to read it (in the image: 1000)'],
    [/passphrase|encrypted/i, 'passphraseFile names the file with the passphrase of this key'],
    [/privateKey|private key/, 'keyFile is the private key (OpenSSH or PEM), not its .pub'],
    [/does not resolve/, 'host: the name of the login node as the centre gives it'],
    [
      /connection refused/,
      'port: ssh listens on 22 unless the centre says otherwise; is the login node up?',
    ],
    [
      /not an ssh server|closed the connection/,
      'host and port: something answers there, but not as an ssh server for us',
    ],
  ];
  return pick(
    remedies,
    words,
    'is the centre up, and does a firewall or VPN stand between here and there?',
  );
}

/** For a project whose job would not be taken; `words` are SLURM's (slurm_errno.c). */
export function projectRemedy(words: string): string {
  const remedies: Remedies = [
    [
      /account/i,
      'projects.PROJECT.account: `sacctmgr show assoc user=$USER format=account,partition,qos`',
    ],
    [/partition/i, 'defaults.partition or projects.PROJECT.partition: `sinfo -s` lists them'],
    [/qos/i, 'defaults.qos or projects.PROJECT.qos: `sacctmgr show qos format=name`'],
    [
      /gres|node configuration|gpu/i,
      'gpus.style and gpus.type: `sinfo -o "%P %G"` shows what nodes have',
    ],
    [/time limit/i, 'the partition takes no job this short or long: `sinfo -o "%P %l"`'],
    [/feature/i, 'defaults.constraint: `sinfo -o "%P %f"` lists features'],
    [/reservation/i, 'defaults.options.reservation: `scontrol show reservation`'],
    [/contact|timed out|temporarily/i, 'the controller did not answer; try again later'],
  ];
  return pick(
    remedies,
    words,
    'run the same with `sbatch --test-only` on the login node, or ask the centre',
  );
}

/** For a job that runs and cannot be talked to; `words` are the transport's. */
export function reachRemedy(kind: SlurmSshConfig['transport']['kind'], words: string): string {
  const from = { direct: 'this machine', ssh: 'the login node', jump: 'the jump host' }[kind];
  const remedies: Remedies = [
    [
      /not known|ENOTFOUND|EAI_AGAIN|not resolve|no address/i,
      `${from} does not know that name: set nodeAddress to ip, fqdn, or { fixed: NAME }`,
    ],
    [
      /refused/i,
      'nothing listens there: nodeAddress gives the address of another machine or network, or bindHost is 127.0.0.1',
    ],
    [
      /forwarding/i,
      'ask for AllowTcpForwarding there, or set transport to direct or to a jump host',
    ],
  ];
  return pick(
    remedies,
    words,
    kind === 'direct'
      ? 'compute nodes cannot be reached from here: set transport to { kind: ssh }'
      : `${from} does not reach that port: ask the centre which ports are open between nodes (ports), or set transport to a jump host`,
  );
}
