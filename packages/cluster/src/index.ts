export type { ClusterConfig, ClustersFile } from './config/load-clusters.ts';
export { ClustersFileError, loadClusters, parseClusters } from './config/load-clusters.ts';
export type { LocalConfig } from './config/local.ts';
export type { SlurmSshConfig } from './config/slurm-ssh.ts';
export type { DriverDeps } from './driver-deps.ts';
export { jobFiles, parseEndpointFile, parseExitFile, parseGpuFile } from './job-files.ts';
export { createSlurmSshDriver } from './slurm/driver.ts';
export type { TransportDeps } from './transport/create-transport.ts';
export { createClusterTransports, createTransport } from './transport/create-transport.ts';
