import type { ProjectName } from '@wakefield/domain';
import type { HeappeConfig } from '../config/heappe.ts';

/** HEAppE's name of a project. */
export function accountingStringOf(config: HeappeConfig, name: ProjectName): string {
  return config.projects[name]?.accountingString ?? config.defaults.accountingString ?? name;
}

/** The node type of a project's jobs, by name or id; null: the configuration names none. */
export function nodeTypeOf(config: HeappeConfig, name: ProjectName): string | number | null {
  return config.projects[name]?.nodeType ?? config.defaults.nodeType ?? null;
}

/** The command template of an engine's jobs. */
export function templateOf(config: HeappeConfig, engine: string): string {
  return config.recipes[engine]?.template ?? config.template.name;
}

/** Every template that a project needs: the common one and those of single engines, each once. */
export function templatesOf(config: HeappeConfig): readonly string[] {
  const own = Object.values(config.recipes).flatMap(({ template }) => template ?? []);
  return [...new Set([config.template.name, ...own])];
}
