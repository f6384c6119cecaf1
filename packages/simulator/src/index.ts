export type { Dialect, FailMode, SimulatorOptions } from './options.ts';
export type { Simulator } from './simulator.ts';
export { startSimulator } from './simulator.ts';
