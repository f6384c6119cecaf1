import { activateProjectBody, parseInput, projectParams } from '@wakefield/contracts';
import { decideAccess, defaultProject } from '@wakefield/domain';
import type { ApiDeps } from '../../deps.ts';
import { authorize } from '../../http/authorize.ts';
import type { Binder } from '../../http/bind.ts';
import { principalOf } from '../../http/context.ts';
import { projectPath } from '../../http/paths.ts';
import { answerAccepted, type ChangeDeps, change } from '../commands/change.ts';
import { existingProject } from './access.ts';
import { asProven, presentProject, presentProjectDetails } from './presenter.ts';

export type ProjectDeps = ChangeDeps & Pick<ApiDeps, 'projects' | 'models' | 'clusters'>;

export function projectRoutes({ bind }: Binder, deps: ProjectDeps): void {
  bind('listProjects', async (_req, res) => {
    const principal = principalOf(res);
    const [projects, statuses] = await Promise.all([deps.projects.list(), deps.clusters.list()]);
    const visible = projects.filter(
      ({ name }) => decideAccess(principal, 'getProject', name) === 'granted',
    );
    const meant = defaultProject(principal, 'startService', projects);
    if (meant !== null) res.set('X-Default-Project', meant);
    res.json(visible.map((project) => presentProject(project, statuses, null)));
  });

  bind('getProject', async (req, res) => {
    const { project: name } = parseInput(projectParams, req.params, 'path');
    const project = await existingProject(deps, res, name);
    const [statuses, activations, models] = await Promise.all([
      deps.clusters.list(),
      deps.projects.activations(name),
      deps.models.list(name),
    ]);
    res.json(
      presentProjectDetails(
        project,
        statuses,
        activations,
        models.map(({ state }) => state),
      ),
    );
  });

  bind('activateProject', async (req, res) => {
    const { project: name, cluster } = parseInput(activateProjectBody, req.body, 'request body');
    authorize(res, 'activateProject', name);
    const command = await change(deps, req, res, name, { kind: 'activate', cluster });
    if (command.outcome?.status !== 'applied') {
      answerAccepted(res, command);
      return;
    }
    const [project, statuses, activations] = await Promise.all([
      existingProject(deps, res, name),
      deps.clusters.list(),
      deps.projects.activations(name),
    ]);
    if (command.outcome.created) res.status(201).location(projectPath(name));
    // A repetition shows nothing of today.
    const replayed = res.get('Idempotency-Replayed') !== undefined;
    const known = replayed ? statuses : asProven(statuses, command, project);
    res.json(presentProject(project, known, activations));
  });
}
