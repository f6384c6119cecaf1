// A door of its own (`@wakefield/cluster/cli`), so that services do not load what only people call.
export type { CliOptions } from './cli/run-cli.ts';
export { runClusterCli } from './cli/run-cli.ts';
