// A door of its own (`@wakefield/cluster/clusters-file`): where clusters.yaml is, whether it is good and what its file
// names mean, for whoever starts the services, without loading what talks to clusters.
export type { CallersPlace } from './config/clusters-path.ts';
export {
  clustersFilePath,
  dataDirectory,
  fileSettings,
  resolveFileName,
} from './config/clusters-path.ts';
export { ClustersFileError, loadClusters } from './config/load-clusters.ts';
