import type { ArgumentProblem, LaunchProfile } from '@wakefield/control';
import {
  AppError,
  type ClusterBounds,
  type EngineArg,
  type JobName,
  type ServiceAccess,
  type ServiceSpec,
} from '@wakefield/domain';
import { nearestWord } from '@wakefield/runtime/yaml';
import { accessOf } from './access.ts';
import { typed } from './check-arguments.ts';
import { type Form, formsOf } from './forms.ts';
import type { LoadedRecipe } from './join-recipes.ts';
import { type RenderedJob, renderJob, type ScriptParts } from './render.ts';
import { buildDigest, buildOf } from './render-build.ts';
import { declaredBy, type ResolvedService, resolveService, type ServiceConfig } from './resolve.ts';
import type { Recipe } from './schema.ts';
import { apart, isSecret } from './secrets.ts';
import type { Build, Service, Variable } from './service-schema.ts';
import { specOf } from './spec-of.ts';
import { patternOf, type Value } from './value-schema.ts';

/** What of a service its script is made of: of one that was just resolved, and of one that was started once. */
type Runnable = Pick<ServiceSpec, 'recipe' | 'model' | 'args' | 'environment' | 'exported'> & {
  readonly resources: Pick<ServiceSpec['resources'], 'nodes' | 'gpu'>;
};

/** What the script of a service's job is made of. */
export interface ServiceRenderInput {
  readonly service: Runnable;
  readonly name: JobName;
  readonly engineKey: string;
  readonly profile: LaunchProfile;
  /** Path under which it is reached from outside, without a slash at the end. */
  readonly basePath: string;
}

/** Recipes by their path, as those who start services see them. */
export interface ServiceRecipes {
  /** Every one that can be started, by path. */
  readonly list: readonly ServiceRecipe[];
  /** @throws AppError `recipe_not_found`, with what is most likely meant */
  get(path: string): ServiceRecipe;
  /**
   * Recipe, overrides and resources to what is run, or all that is wrong.
   * @throws AppError `recipe_not_found`
   */
  resolve(
    path: string,
    config: ServiceConfig,
    bounds?: ClusterBounds,
  ): { readonly service: ResolvedService } | { readonly problems: readonly ArgumentProblem[] };
  /** The wish of whoever starts what was resolved. */
  readonly specOf: typeof specOf;
  /** The whole batch script and the files it reads. @throws AppError `recipe_not_found` */
  render(input: ServiceRenderInput): RenderedJob;
}

/** A variable as its sender sees it, whatever it sets. */
export interface ServiceVariable {
  readonly name: string;
  readonly description: string;
  readonly value: Value;
  /** What it is where no GPU is asked for and nobody sets it; undefined: as the program has it. */
  readonly onCpus: EngineArg | undefined;
  /** Regular expression for all of it; null: none. */
  readonly pattern: string | null;
  /** It has to be set, and is shown to nobody. */
  readonly secret: boolean;
  /** Why it does nothing; null where it does something. */
  readonly ignored: string | null;
}

/** What is made on a cluster before the recipe can run there. */
export interface ServiceBuild {
  readonly kind: Build['kind'];
  /** Packages, or the image. */
  readonly of: readonly string[];
  /** Under it the cluster's account keeps what was made: the same for the same words, whatever the recipe. */
  readonly digest: string;
}

/** A recipe that can be started, with what follows from it for whoever does. */
export interface ServiceRecipe extends LoadedRecipe {
  readonly recipe: Recipe & { readonly service: Service };
  readonly variables: readonly ServiceVariable[];
  /** In which forms it was run; null: it has no such. */
  readonly forms: Readonly<Record<Form, 'tried' | 'untested' | null>>;
  readonly access: ServiceAccess;
  /** null: nothing, so the cluster has to bring it. */
  readonly builds: { readonly gpu: ServiceBuild | null; readonly cpu: ServiceBuild | null };
}

/** @param loaded of these the ones that have a section `service` */
export function bookOf(loaded: readonly LoadedRecipe[], parts: ScriptParts): ServiceRecipes {
  const list = loaded.flatMap(asService);
  const get = (path: string) => list.find((entry) => entry.path === path) ?? missing(list, path);
  return {
    list,
    get,
    resolve: (path, config, bounds) => resolveService(get(path), config, bounds),
    specOf,
    render({ service, name, engineKey, profile, basePath }) {
      const { nodes, gpu } = service.resources;
      const { recipe } = get(service.recipe);
      return renderJob(parts, recipe, {
        ...{ name, engineKey, profile, basePath, nodes },
        hfModelId: service.model,
        gpuCount: (gpu ?? 0) * nodes,
        args: service.args,
        ...apart(recipe.service, service.exported),
        folders: foldersOf(recipe.service, service),
        builds: true,
      });
    },
  };
}

function asService({ path, file, recipe }: LoadedRecipe): readonly ServiceRecipe[] {
  const { service } = recipe;
  if (service === undefined) return [];
  const builds = { gpu: built(buildOf(recipe, true)), cpu: built(buildOf(recipe, false)) };
  const variables = Object.entries(service.variables).map(([name, variable]): ServiceVariable => {
    const value = declaredBy(recipe, variable);
    const onCpus = cpuDefaultOf(service, name, variable) ?? value.default;
    const secret = isSecret(variable);
    const shared = { name, value, onCpus, secret, pattern: patternOf(value) };
    if (variable.sets !== 'parameter') {
      const ignored = variable.sets === 'nothing' ? variable.because : null;
      return { ...shared, description: variable.description, ignored };
    }
    const description = recipe.parameters[variable.parameter]?.description ?? '';
    return { ...shared, description, ignored: null };
  });
  const whole = { ...recipe, service };
  const [forms, access] = [formsOf(recipe), accessOf(whole)];
  return [{ path, file, recipe: whole, variables, forms, access, builds }];
}

/** What the recipe says of a variable for CPUs alone. */
function cpuDefaultOf(
  { cpu_only: onCpus }: Service,
  name: string,
  variable: Variable,
): EngineArg | undefined {
  if (variable.sets === 'parameter') return onCpus?.parameters[variable.parameter];
  const text = variable.sets === 'environment' ? onCpus?.environment[name] : undefined;
  // Of its type: the recipe would not have been loaded else.
  return variable.sets === 'environment' && text !== undefined
    ? (typed(variable.value, text) as EngineArg)
    : undefined;
}

/** The absolute ones that its variables name; others are in the directory of the job. */
function foldersOf({ variables }: Service, { environment }: Runnable): readonly string[] {
  const named = Object.entries(variables).flatMap(([name, variable]) => {
    const isFolder = 'value' in variable && variable.value.type === 'folder';
    return isFolder && variable.sets !== 'nothing' ? [environment[name] ?? ''] : [];
  });
  return [...new Set(named.filter((folder) => folder.startsWith('/')))];
}

function built(build: Build | null): ServiceBuild | null {
  if (build === null) return null;
  const of = build.kind === 'venv' ? build.requirements : [build.image];
  return { kind: build.kind, of, digest: buildDigest(build) };
}

function missing(list: readonly ServiceRecipe[], path: string): never {
  const shown = JSON.stringify(path.slice(0, 64));
  const paths = list.map((entry) => entry.path);
  // Many know a recipe by the last part of its path.
  const near = paths.find((one) => one.endsWith(`/${path}`)) ?? nearestWord(path, paths);
  const hint = near === null ? '' : ` Did you mean ${JSON.stringify(near)}?`;
  throw new AppError('recipe_not_found', `There is no recipe ${shown}.${hint}`, {
    param: 'recipe_path',
  });
}
