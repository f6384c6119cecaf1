import type { LaunchProfile } from '@wakefield/control';
import type { EngineArg, JobName, Model } from '@wakefield/domain';

/** What one job is to run, whichever kind of wish it comes from. All scripts are rendered from this. */
export interface Work {
  readonly name: JobName;
  readonly engineKey: string;
  readonly profile: LaunchProfile;
  /** null: it serves no model. */
  readonly hfModelId: string | null;
  /** Of the whole job. */
  readonly gpuCount: number;
  readonly nodes: number;
  readonly args: Readonly<Record<string, EngineArg>>;
  /** Further variables of the job, under names that have been checked. */
  readonly environment: Readonly<Record<string, string>>;
  /** Variables that its secret files alone may name. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Absolute folders that a container has to be given, under names that have been checked. */
  readonly folders: readonly string[];
  /** Path under which its pages are reached from outside, without a slash at the end. */
  readonly basePath: string;
  /** Whether what the recipe builds is built in the job, where the cluster does not bring it. */
  readonly builds: boolean;
}

/** A model as the catalog's port has it. */
export interface RenderInput {
  readonly model: Model;
  readonly name: JobName;
  readonly engineKey: string;
  readonly profile: LaunchProfile;
}

/** One job of a model. Engines of models are brought by the cluster's configuration, never built. */
export function workOfModel({ model, name, engineKey, profile }: RenderInput): Work {
  const { hfModelId, gpuCount, resources, engineArgs } = model.spec;
  return {
    ...{ name, engineKey, profile, hfModelId, gpuCount },
    nodes: resources.nodes,
    args: engineArgs,
    environment: {},
    secrets: {},
    folders: [],
    basePath: '',
    builds: false,
  };
}
