import { createHash } from 'node:crypto';
import { fillScript } from './fill-script.ts';
import { quote } from './quote.ts';
import type { Recipe } from './schema.ts';
import type { Build } from './service-schema.ts';
import { isBindable } from './value-schema.ts';
import type { Work } from './work.ts';

/** What tells one build from another: the same words give the same, whatever recipe they stand in. */
export function buildDigest(build: Build): string {
  const words =
    build.kind === 'venv'
      ? [build.python, ...(build.whole ? ['whole'] : []), ...[...build.requirements].sort()]
      : [build.image];
  return createHash('sha256')
    .update(JSON.stringify([build.kind, ...words]))
    .digest('hex')
    .slice(0, 16);
}

/** What it needs, with GPUs and without; null: nothing that we can build. */
export function buildOf({ build, service }: Recipe, withGpus: boolean): Build | null {
  const onCpus = service?.cpu_only?.build;
  return !withGpus && onCpus !== undefined ? onCpus : (build ?? null);
}

/** Bash that builds what the recipe needs, unless it is there, and uses it; empty for one that needs nothing. */
export function renderBuild(part: string, recipe: Recipe, work: Work): string {
  const build = buildOf(recipe, work.gpuCount > 0);
  if (build === null) return '';
  return fillScript(part, {
    digest: buildDigest(build),
    what: quote(build.kind === 'venv' ? build.requirements.join(' ') : build.image),
    ...(build.kind === 'venv' ? venv(build) : apptainer(build, work)),
  });
}

function venv({ python, requirements, whole, needs }: Extract<Build, { kind: 'venv' }>) {
  const alone = whole ? '--no-deps ' : '';
  const packages = requirements.map(quote).join(' ');
  return {
    programs: [python, ...needs].map(quote).join(' '),
    // An environment is of one Python: with the next one its packages are not found, and nodes may have different ones.
    of_node: `$(${quote(python)} -c 'import sys; print("-py%d%d" % sys.version_info[:2])' 2>/dev/null)`,
    make: `  ${quote(python)} -m venv "$1/venv" &&
    "$1/venv/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off ${alone}${packages}`,
    use: `export VIRTUAL_ENV=$wf_build/venv PATH=$wf_build/venv/bin:$PATH`,
  };
}

/** Of the node it sees the home directory, that of the job and the folders that it was given; these have to be there. */
function apptainer(
  { image, path }: Extract<Build, { kind: 'apptainer' }>,
  { gpuCount, folders, hfModelId, profile }: Work,
) {
  const gpus = gpuCount > 0 ? '--nv ' : '';
  const prepend = path === undefined ? '' : `export APPTAINERENV_PREPEND_PATH=${quote(path)}\n`;
  const binds = ['"$wf_dir"', ...folders.map(quote)].map((folder) => `--bind ${folder}`).join(' ');
  const models = hfModelId === null ? null : profile.modelDirectory;
  return {
    programs: 'apptainer',
    of_node: '',
    make: `  apptainer pull "$1/image.sif" ${quote(image)}`,
    use: `${prepend}wf_binds=(${binds})
${models === null || !isBindable(models) ? '' : bindModels(models)}WAKEFIELD_WRAP=(apptainer exec ${gpus}"\${wf_binds[@]}" "$wf_build/image.sif")`,
  };
}

/** They belong to the cluster, and a node may not have them: apptainer refuses a folder that is not there. */
function bindModels(folder: string): string {
  const models = quote(folder);
  return `[ ! -d ${models} ] || wf_binds+=(--bind ${models}:${models}:ro)\n`;
}
