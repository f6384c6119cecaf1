import type { ClusterJob } from '@wakefield/domain';

/** Asked of `sinfo -N -o`, printed the same by 22.05 to 25.11: %N the node, %T its state in full words. */
export const NODES_FORMAT = '%N|%T';

/**
 * States of a node on which nothing new is started: drained or to be drained by an operator, or by SLURM itself because
 * the node is expected to fail (sinfo(1), NODE STATE CODES). A flag may follow, as in `draining@` of a node that is to
 * be rebooted. Planned maintenance and reservations are none of them: what runs there is told when it ends.
 */
const LEAVING = /^(drain|fail)/i;

/**
 * Reads the output of sinfo with {@link NODES_FORMAT}: one line for each node and partition.
 * @returns by node, whether it is being taken out of service
 */
export function parseNodes(text: string): ReadonlyMap<string, boolean> {
  const nodes = new Map<string, boolean>();
  for (const line of text.split('\n')) {
    const [node = '', state = ''] = line.split('|');
    if (node === '' || state === '') continue;
    nodes.set(node, LEAVING.test(state) || (nodes.get(node) ?? false));
  }
  return nodes;
}

/** A job with what was said of its node; of a job over several nodes that is the first, where its engine answers. */
export function onNode<T extends ClusterJob>(job: T, nodes: ReadonlyMap<string, boolean>): T {
  const leaving = job.node === null || job.state !== 'running' ? undefined : nodes.get(job.node);
  return { ...job, nodeLeaving: leaving ?? null };
}
