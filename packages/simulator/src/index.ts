export type { Dialect, FailMode, SimulatorOptions } from './options.ts';
export type { Generated } from './routes.ts';
export type { Simulator } from './simulator.ts';
export { startSimulator } from './simulator.ts';
