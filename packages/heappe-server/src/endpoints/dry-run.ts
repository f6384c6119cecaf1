import { HeappeError, refuse } from '../http/heappe-error.ts';
import { type Call, sessionCodeOf } from '../http/routes.ts';
import { requireRole } from '../people/roles.ts';

/** DryRunJob: what `sbatch --test-only` says, whose times are the cluster's own. */
export async function dryRun(call: Call) {
  const { instance } = call;
  const asked = call.read((fields) => ({
    projectId: fields.number('ProjectId'),
    nodeTypeId: fields.number('ClusterNodeTypeId'),
    nodes: fields.number('Nodes'),
    tasksPerNode: fields.number('TasksPerNode'),
    walltimeMinutes: fields.number('WallTimeInMinutes'),
    sessionCode: sessionCodeOf(fields),
  }));
  const { sessionCode, ...numbers } = asked;
  refuse(
    Object.entries(numbers)
      .filter(([, value]) => value <= 0)
      .map(([name]) => `${name} must be greater than 0.`),
  );
  const user = call.caller(sessionCode);
  const { projects, nodeTypes } = instance.database.world;
  const project = requireRole(
    user,
    'Submitter',
    projects.find(({ id }) => id === asked.projectId),
    instance.clock.now(),
  );
  const nodeType = nodeTypes.find(({ id }) => id === asked.nodeTypeId);
  if (nodeType === undefined) throw new HeappeError('validation', 'NotExistingClusterNodeType');
  const said = await instance.scheduler
    .predict({
      queue: nodeType.queue,
      nodes: asked.nodes,
      tasksPerNode: asked.tasksPerNode,
      walltimeMinutes: asked.walltimeMinutes,
      isGpu: /ACN|GPU/.test(nodeType.allocationType),
      accountingString: project.accountingString,
    })
    .catch(() => {
      throw new HeappeError('internal', 'CommandException');
    });
  return {
    json: {
      JobId: said?.jobId ?? 0,
      StartTime: said?.startTime ?? '0001-01-01T00:00:00',
      Processors: said?.processors ?? 0,
      Node: said?.node ?? null,
      Partition: said?.partition ?? null,
      Message: said?.message ?? '',
    },
  };
}
