import type { ClusterDriver } from '@wakefield/control';
import type { SlurmSshConfig } from '../config/slurm-ssh.ts';
import { trialArguments } from '../slurm-ssh/submission.ts';
import { projectRemedy } from './remedies.ts';
import { bad, doubtful, type Finding, good, messageOf } from './terminal.ts';

const patient = () => AbortSignal.timeout(180_000);
/** A look that takes longer than this is felt by everybody who waits for a model. */
const SLOW_LOOK_MS = 2000;

/** One look at the queue, then whether a job of each project would be taken. Submits nothing. */
export async function* checkQueue(
  config: SlurmSshConfig,
  driver: ClusterDriver,
  projects: readonly string[],
): AsyncGenerator<Finding> {
  yield await lookAtQueue(driver);
  for (const project of projects) yield await tryProject(config, driver, project);
}

async function lookAtQueue(driver: ClusterDriver): Promise<Finding> {
  const asked = performance.now();
  try {
    const { sightings } = await driver.observe([], patient());
    const took = Math.round(performance.now() - asked);
    const detail = `squeue answers in ${took} ms; ${sightings.size} jobs of this installation`;
    return took <= SLOW_LOOK_MS
      ? good('queue', detail)
      : doubtful('queue', detail, 'raise cadence.busy and cadence.quiet: the controller is busy');
  } catch (error) {
    return bad(
      'queue',
      messageOf(error),
      'run `squeue --me` on the login node; is SLURM up there?',
    );
  }
}

async function tryProject(
  config: SlurmSshConfig,
  driver: ClusterDriver,
  project: string,
): Promise<Finding> {
  const what = `project ${project}`;
  const asks = trialArguments(config, project)
    .filter((argument) => !/^--(nodes|time)=/.test(argument))
    .join(' ');
  try {
    await driver.accepts(project, patient());
    return good(what, `would be taken with ${asks}`);
  } catch (error) {
    const words = messageOf(error);
    return bad(what, `${words} (asked with ${asks})`, projectRemedy(words));
  }
}
