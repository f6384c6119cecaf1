export { LimitsFileError, loadLimits } from './load-limits.ts';
