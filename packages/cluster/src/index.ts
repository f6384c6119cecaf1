export type { ClusterConfig, ClustersFile } from './config/load-clusters.ts';
export { ClustersFileError, loadClusters, parseClusters } from './config/load-clusters.ts';
export type { LocalConfig } from './config/local.ts';
export type { SlurmSshConfig } from './config/slurm-ssh.ts';
