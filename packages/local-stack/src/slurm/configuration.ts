import type { SlurmNode, SlurmPorts } from './layout.ts';

/** Everything that the configuration files of one private cluster depend on. */
export interface ConfigurationInput {
  /** Parent of all files; short enough for Unix sockets. */
  readonly directory: string;
  readonly clusterName: string;
  readonly hostname: string;
  readonly user: string;
  readonly ports: SlurmPorts;
  readonly nodes: readonly SlurmNode[];
  readonly partitions: readonly string[];
  /** Seconds that the controller remembers an ended job (slurm.conf `MinJobAge`). */
  readonly minJobAge: number;
  /** Seconds between TERM and KILL (slurm.conf `KillWait`). */
  readonly killWait: number;
  /** Seconds without word after which a node counts as down (slurm.conf `SlurmdTimeout`). */
  readonly slurmdTimeout: number;
  /** Further lines of slurm.conf. */
  readonly extra: readonly string[];
  /** Further environment of ssh logins. */
  readonly loginEnvironment: Readonly<Record<string, string>>;
  /** Where the plugins are, when SLURM was unpacked instead of installed. */
  readonly pluginDirectory: string | null;
}

/** slurm.conf(5) for one controller and several slurmd on loopback, without root and without accounting. */
export function slurmConf(input: ConfigurationInput): string {
  return `${[
    ...identity(input),
    ...files(input.directory),
    ...plugins(input),
    ...pace(input),
    ...input.nodes.map((node, index) => nodeLine(node, index, input)),
    ...input.partitions,
    ...input.extra,
  ].join('\n')}\n`;
}

function identity({ directory, clusterName, hostname, user, ports }: ConfigurationInput): string[] {
  return [
    `ClusterName=${clusterName}`,
    // The name must be this host's own; the address makes it loopback.
    `SlurmctldHost=${hostname}(127.0.0.1)`,
    `SlurmctldPort=${ports.controller}`,
    `SlurmUser=${user}`,
    // The same user everywhere: a slurmd that is not root can run the jobs of its own user only.
    `SlurmdUser=${user}`,
    'AuthType=auth/munge',
    // 5 is the least that is accepted; it also shortens the delay of a requeued job (cred_expire + 1 s).
    `AuthInfo=socket=${directory}/munge/sock,cred_expire=5`,
    'CredType=cred/munge',
    'CommunicationParameters=NoCtldInAddrAny,NoInAddrAny',
    `SrunPortRange=${ports.srun.from}-${ports.srun.to}`,
  ];
}

function files(directory: string): string[] {
  return [
    `StateSaveLocation=${directory}/state`,
    `SlurmdSpoolDir=${directory}/spool/%n`,
    `SlurmctldPidFile=${directory}/run/slurmctld.pid`,
    `SlurmdPidFile=${directory}/run/slurmd-%n.pid`,
    `SlurmctldLogFile=${directory}/log/slurmctld.log`,
    `SlurmdLogFile=${directory}/log/slurmd-%n.log`,
    'JobCompType=jobcomp/filetxt',
    `JobCompLoc=${directory}/log/jobcomp.txt`,
  ];
}

function plugins({ nodes, pluginDirectory }: ConfigurationInput): string[] {
  const shards = nodes.some((node) => node.gres.includes('shard'));
  return [
    'ProctrackType=proctrack/linuxproc',
    'TaskPlugin=task/none',
    'SwitchType=switch/none',
    'MpiDefault=none',
    'JobAcctGatherType=jobacct_gather/none',
    'AccountingStorageType=accounting_storage/none',
    'MailProg=/bin/true',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_Core_Memory',
    // Nodes may claim more processors and memory than this machine has.
    'SlurmdParameters=config_overrides',
    'PreemptType=preempt/partition_prio',
    'PreemptMode=REQUEUE',
    'PriorityType=priority/basic',
    'SchedulerType=sched/backfill',
    `GresTypes=gpu${shards ? ',shard' : ''}`,
    ...(pluginDirectory === null ? [] : [`PluginDir=${pluginDirectory}`]),
  ];
}

/** Quick everywhere: this cluster is for people who wait and for tests. */
function pace({ killWait, minJobAge, slurmdTimeout }: ConfigurationInput): string[] {
  return [
    'SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0,bf_interval=1',
    'SlurmctldTimeout=10',
    `SlurmdTimeout=${slurmdTimeout}`,
    'MessageTimeout=5',
    'BatchStartTimeout=5',
    `KillWait=${killWait}`,
    `MinJobAge=${minJobAge}`,
    'CompleteWait=0',
    'EpilogMsgTime=0',
    'InactiveLimit=0',
    'ReturnToService=2',
    'JobRequeue=1',
    'EnforcePartLimits=ANY',
    'DefMemPerCPU=100',
    'NodeName=DEFAULT CPUs=16 Boards=1 SocketsPerBoard=1 CoresPerSocket=16 ThreadsPerCore=1 RealMemory=131072 State=UNKNOWN',
  ];
}

function nodeLine(node: SlurmNode, index: number, input: ConfigurationInput): string {
  const gres = node.gres === '' ? '' : ` Gres=${node.gres}`;
  const features = node.features === '' ? '' : ` Feature=${node.features}`;
  return `NodeName=${node.name} NodeHostname=${input.hostname} NodeAddr=127.0.0.1 Port=${input.ports.node(index)}${gres}${features}`;
}

/** gres.conf(5): every GPU is a link to /dev/null; it has to be a device, or jobs get no CUDA_VISIBLE_DEVICES. */
export function gresConf(directory: string, nodes: readonly SlurmNode[]): string {
  const lines = nodes.flatMap((node) => {
    let first = 0;
    return gresOf(node).map(({ name, type, count }) => {
      if (name === 'shard') return `NodeName=${node.name} Name=shard Count=${count}`;
      const file = `${directory}/dev/gpu[${first}-${first + count - 1}]`;
      first += count;
      const typed = type === null ? '' : ` Type=${type}`;
      return `NodeName=${node.name} Name=${name}${typed} File=${file}`;
    });
  });
  return `${lines.join('\n')}\n`;
}

/** How many fake devices the node with the most GPUs needs. */
export function deviceCount(nodes: readonly SlurmNode[]): number {
  const ofNode = (node: SlurmNode) =>
    gresOf(node).reduce((sum, { name, count }) => sum + (name === 'shard' ? 0 : count), 0);
  return Math.max(0, ...nodes.map(ofNode));
}

interface Gres {
  readonly name: string;
  readonly type: string | null;
  readonly count: number;
}

/** `name:count` or `name:type:count`, several by commas. */
function gresOf(node: SlurmNode): Gres[] {
  return node.gres
    .split(',')
    .filter((item) => item !== '')
    .map((item) => {
      const [name = '', ...rest] = item.split(':');
      const count = Number(rest.at(-1));
      if (!Number.isInteger(count) || count < 1) throw new Error(`gres of ${node.name}: ${item}`);
      return { name, type: rest.length > 1 ? (rest[0] ?? null) : null, count };
    });
}

/** sshd_config(5) for key logins of the user who starts it, on loopback. */
export function sshdConf(input: {
  readonly directory: string;
  readonly port: number;
  readonly environment: Readonly<Record<string, string>>;
}): string {
  const folder = `${input.directory}/ssh`;
  const set = Object.entries(input.environment).map(([name, value]) => `${name}="${value}"`);
  return `${[
    `Port ${input.port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${folder}/host`,
    `PidFile ${folder}/sshd.pid`,
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'UsePAM no',
    // The key file lies outside the user's home, which strict modes refuse.
    'StrictModes no',
    'PrintMotd no',
    'PermitUserRC no',
    'AllowTcpForwarding yes',
    'MaxStartups 100:30:200',
    'LogLevel VERBOSE',
    `SetEnv ${set.join(' ')}`,
  ].join('\n')}\n`;
}
