import pg from 'pg';
import { type ClusterKind, clusterJobs, engineReadyAt } from '../../e2e/cluster-jobs.ts';
import { eventually, type Wakefield } from '../../e2e/wakefield.ts';

/** One request to a model that sleeps; milliseconds since it was sent. */
export interface Wake {
  /** sbatch had answered with an id. */
  readonly submitted: number;
  /** The job's engine said of itself that it was ready. */
  readonly engineReady: number;
  /** The route was open. */
  readonly routed: number;
  /** First token at the client. */
  readonly answered: number;
}

/** A model that nobody has asked yet. */
export async function registerModel(
  wakefield: Wakefield,
  hfModelId: string,
  loadSeconds: number,
): Promise<void> {
  const registered = await wakefield.call('PUT', '/p/demo/models', {
    hf_model_id: hfModelId,
    gpu_count: 1,
    engine: 'simulator',
    engine_args: { load_seconds: loadSeconds },
  });
  if (registered.status !== 201) throw new Error(`not registered: ${registered.status}`);
}

/**
 * Asks a registered model once, removes it, and waits until its cluster has ended its job: what is measured next
 * shares the cluster with nothing. All clocks are this machine's.
 */
export async function wakeOnce(
  wakefield: Wakefield,
  cluster: ClusterKind,
  hfModelId: string,
): Promise<Wake> {
  const sentAt = Date.now();
  const stream = await wakefield.openai().chat.completions.create({
    model: hfModelId,
    messages: [{ role: 'user', content: 'Hello' }],
    max_tokens: 1,
    stream: true,
  });
  let answeredAt: number | null = null;
  for await (const _ of stream) answeredAt ??= Date.now();
  if (answeredAt === null) throw new Error('the answer was empty');
  const job = await readJob(wakefield, hfModelId);
  const readyAt = await engineReadyAt(wakefield.directory, `**/${job.name}/log`);
  if (readyAt === null) throw new Error(`the engine of ${job.name} never said that it was ready`);
  await wakefield.call('DELETE', `/p/demo/models?hf_model_id=${hfModelId}&stop=true`);
  await eventually(`${job.name} to be over`, async () =>
    (await clusterJobs(wakefield, cluster)).every(({ over }) => over),
  );
  return {
    submitted: job.submitted_at.getTime() - sentAt,
    engineReady: readyAt - sentAt,
    routed: job.ready_at.getTime() - sentAt,
    answered: answeredAt - sentAt,
  };
}

interface JobTimes {
  readonly name: string;
  readonly submitted_at: Date;
  readonly ready_at: Date;
}

async function readJob(wakefield: Wakefield, hfModelId: string): Promise<JobTimes> {
  const { databaseUrl } = await wakefield.runFile();
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<JobTimes>(
      `select jobs.name, submitted_at, ready_at from jobs join models on models.id = model_id
       where hf_model_id = $1`,
      [hfModelId],
    );
    const [job] = rows;
    if (job === undefined || rows.length > 1) throw new Error(`${rows.length} jobs instead of one`);
    return job;
  } finally {
    await client.end();
  }
}
