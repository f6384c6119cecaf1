import { join } from 'node:path';
import type { LocalHeappe } from '../heappe/start-heappe.ts';
import type { SlurmSsh } from '../slurm/start-slurm.ts';
import type { DataPaths } from './data-directory.ts';

const slurmName = 'slurm-dev';
const heappeName = 'heappe-dev';

/** What `npm start` brings up besides the clusters of kind `local`, and why what ran there is over without it. */
export const privateClusters = [
  { name: slurmName, flag: 'slurm', ended: 'The private SLURM was ended.' },
  { name: heappeName, flag: 'heappe', ended: 'The private HEAppE was ended.' },
] as const;

/** An entry of clusters.yaml that only this machine knows. */
export interface PrivateCluster {
  readonly name: string;
  readonly entry: Readonly<Record<string, unknown>>;
}

const cadence = { busy: '500ms', quiet: '5s' };

/** As a centre would be written down: the same driver, the same ssh, the same transport. */
export function slurmCluster(paths: Pick<DataPaths, 'slurm'>, ssh: SlurmSsh): PrivateCluster {
  const entry = {
    kind: 'slurm-ssh',
    host: ssh.host,
    port: ssh.port,
    user: ssh.user,
    keyFile: ssh.keyFile,
    hostKey: ssh.hostKey,
    workingDirectory: join(paths.slurm, 'work'),
    // Its nodes are all this machine.
    nodeAddress: { fixed: '127.0.0.1' },
    bindHost: '127.0.0.1',
    transport: { kind: 'ssh' },
    cadence,
    // sbatch answers at once here. What a power cut interrupts is left alone for as long as it could still go on.
    timeouts: { submit: '20s' },
  };
  return { name: slurmName, entry };
}

/** As a centre would be written down: the same driver, and requests by way of HEAppE. */
export function heappeCluster(
  heappe: Pick<LocalHeappe, 'url' | 'user' | 'passwordFile' | 'nodeType' | 'sftpHostKey'>,
): PrivateCluster {
  const entry = {
    kind: 'heappe',
    url: heappe.url,
    // A session ends and has to be begun again, which an API key spares: whatever is tried here meets that, too.
    credential: { kind: 'password', user: heappe.user, passwordFile: heappe.passwordFile },
    defaults: { nodeType: heappe.nodeType },
    gpusPerNode: 4,
    // Before 6.2 files go by SFTP.
    sftpHostKey: heappe.sftpHostKey,
    // Its nodes are all this machine.
    bindHost: '127.0.0.1',
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    transport: { kind: 'heappe' },
    cadence,
    timeouts: { submit: '20s' },
  };
  return { name: heappeName, entry };
}
