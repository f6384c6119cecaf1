import type { Recipe } from './schema.ts';

/** Ways in which a recipe may be run: one that was tried in one of them may fail in another. */
export const forms = ['cpu', 'gpu', 'several_nodes', 'build'] as const;
export type Form = (typeof forms)[number];

/** Whether a service can be run so. */
export function hasForm({ service, build, several_nodes, ranks }: Recipe, form: Form): boolean {
  switch (form) {
    case 'cpu':
      return service === undefined || service.cpu_only !== undefined;
    case 'gpu':
      return true;
    case 'several_nodes':
      return several_nodes || ranks !== undefined;
    case 'build':
      return build !== undefined || (service?.cpu_only?.build ?? null) !== null;
  }
}

export function formsOf(recipe: Recipe): Record<Form, 'tried' | 'untested' | null> {
  const of = (form: Form) => {
    if (!hasForm(recipe, form)) return null;
    return recipe.tried_forms.includes(form) ? 'tried' : 'untested';
  };
  return { cpu: of('cpu'), gpu: of('gpu'), several_nodes: of('several_nodes'), build: of('build') };
}
