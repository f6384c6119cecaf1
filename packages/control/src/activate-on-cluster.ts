import type {
  Activation,
  ActivationStep,
  ClusterName,
  CommandOutcome,
  ErrorCode,
  ProjectName,
} from '@wakefield/domain';
import {
  ActivationBroken,
  type Clock,
  type ClusterDriver,
  ClusterError,
  type Drivers,
} from './ports/cluster.ts';

export interface ActivateDeps {
  readonly drivers: Drivers;
  readonly clock: Clock;
}

export interface ActivationResult {
  /** null: the cluster takes jobs of the project. */
  readonly refusal: CommandOutcome | null;
  /** null: there is no such cluster. */
  readonly activation: Activation | null;
}

/**
 * Lets a cluster make what a project needs there, and asks it whether it would then take a job of the project: an
 * activation is only good for such a cluster.
 * @throws whatever is no answer of a cluster's
 */
export async function activateOnCluster(
  { drivers, clock }: ActivateDeps,
  { project, cluster }: { readonly project: ProjectName; readonly cluster: ClusterName | null },
  signal: AbortSignal,
): Promise<ActivationResult> {
  const driver = cluster === null ? undefined : drivers.get(cluster);
  if (driver === undefined) {
    const message = `There is no cluster "${cluster ?? ''}" in the configuration.`;
    return { refusal: rejected('cluster_not_found', message), activation: null };
  }
  const { steps, refusal } = await walk(driver, project, signal);
  return { refusal, activation: { cluster: driver.name, at: clock.now(), steps } };
}

async function walk(driver: ClusterDriver, project: ProjectName, signal: AbortSignal) {
  let steps: readonly ActivationStep[] = [];
  try {
    steps = await driver.activate(project, signal);
    const failed = steps.find(({ status }) => status === 'failed');
    if (failed !== undefined) return { steps, refusal: stepRefused(driver.name, project, failed) };
    const detail = await asked(driver, project, signal);
    return { steps: [...steps, done(detail)], refusal: null };
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    const refusal = refusalOf(driver.name, project, error);
    if (error instanceof ActivationBroken) steps = error.done;
    const step = error instanceof ActivationBroken ? error.step : STEP;
    return { steps: [...steps, failedStep(step, error)], refusal };
  }
}

/** A cluster that is full today takes jobs on other days. */
async function asked(driver: ClusterDriver, project: ProjectName, signal: AbortSignal) {
  try {
    await driver.accepts(project, signal);
    return 'it would take a job of the project';
  } catch (error) {
    if (error instanceof ClusterError && error.kind === 'no_room') return error.message;
    throw error;
  }
}

const STEP = 'job';

function done(detail: string): ActivationStep {
  return { step: STEP, status: 'done', detail, remedy: null };
}

function failedStep(step: string, { kind, message }: ClusterError): ActivationStep {
  const remedy =
    kind === 'unreachable'
      ? 'try again; if it stays so, ask those who run the cluster'
      : kind === 'misconfigured'
        ? 'ask those who run this installation: npm run cluster -- check NAME says what is wrong'
        : 'ask the cluster for what it says is missing';
  return { step, status: 'failed', detail: message, remedy };
}

function stepRefused(name: ClusterName, project: ProjectName, failed: ActivationStep) {
  const { step, detail, remedy } = failed;
  const help = remedy === null ? '' : ` What helps: ${remedy}.`;
  const message = `Project ${project} cannot be activated on cluster ${name}: ${step}: ${detail}.${help}`;
  return rejected('cluster_refused', message);
}

function refusalOf(name: ClusterName, project: ProjectName, error: ClusterError): CommandOutcome {
  return error.kind === 'refused' || error.kind === 'unclear'
    ? rejected(
        'cluster_refused',
        `Cluster ${name} would not take a job of ${project}: ${error.message}`,
      )
    : rejected('cluster_unreachable', `Cluster ${name} could not be asked: ${error.message}`);
}

function rejected(code: ErrorCode, message: string): CommandOutcome {
  const param = code === 'cluster_unreachable' ? null : 'cluster';
  return { status: 'rejected', code, message, param };
}
