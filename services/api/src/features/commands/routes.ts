import { commandParams, listCommandsQuery, parseInput, projectParams } from '@wakefield/contracts';
import { AppError, type Command, type CommandId, type ProjectName } from '@wakefield/domain';
import type { ApiDeps } from '../../deps.ts';
import type { Binder } from '../../http/bind.ts';
import { announceNext } from '../../http/page.ts';
import { projectPath } from '../../http/paths.ts';
import { existingProject } from '../projects/access.ts';
import { presentCommand } from './presenter.ts';

const DEFAULT_LIMIT = 50;

export function commandRoutes(
  { bind }: Binder,
  deps: Pick<ApiDeps, 'commands' | 'projects'>,
): void {
  bind('listCommands', async (req, res) => {
    const { project } = parseInput(projectParams, req.params, 'path');
    const query = parseInput(listCommandsQuery, req.query, 'query');
    await existingProject(deps, res, project);
    const limit = query.limit === undefined ? DEFAULT_LIMIT : Number(query.limit);
    const after = query.after?.toLowerCase() ?? null;
    if (after !== null) await commandOf(deps, project, after, 'after');
    // One more than asked for tells whether there is a next page.
    const commands = await deps.commands.listForProject(project, { limit: limit + 1, after });
    const page = commands.slice(0, limit);
    const next = commands.length > limit ? (page.at(-1)?.id ?? null) : null;
    announceNext(res, `${projectPath(project)}/commands`, { limit, next });
    res.json(page.map(presentCommand));
  });

  bind('getCommand', async (req, res) => {
    const { project, id } = parseInput(commandParams, req.params, 'path');
    const found = await deps.commands.get(id.toLowerCase());
    const own = found?.project === project ? found : null;
    // A project that is not there yet has its activation, which is what makes it.
    if (own?.body.kind !== 'activate') await existingProject(deps, res, project);
    res.json(presentCommand(own ?? missing(project, id, 'id')));
  });
}

/** Another project's command is not there. */
async function commandOf(
  deps: Pick<ApiDeps, 'commands'>,
  project: ProjectName,
  id: CommandId,
  param: string,
): Promise<Command> {
  const command = await deps.commands.get(id);
  return command?.project === project ? command : missing(project, id, param);
}

function missing(project: ProjectName, id: CommandId, param: string): never {
  throw new AppError('command_not_found', `There is no command ${id} in project "${project}".`, {
    param,
  });
}
