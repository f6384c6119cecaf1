// A door of its own (`@wakefield/runtime/yaml`): files that operators write, for whoever needs nothing else of this package.
export { nearestWord } from './nearest-word.ts';
export { type CheckedYaml, checkYaml } from './yaml/check-yaml.ts';
export { duration } from './yaml/duration.ts';
