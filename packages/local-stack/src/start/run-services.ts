import type { LocalHeappe } from '../heappe/start-heappe.ts';
import { freePorts } from '../process/free-port.ts';
import { type ClusterSummary, checkoutRoot } from './clusters-file.ts';
import { createCondenser } from './condense.ts';
import { type DataPaths, installationId } from './data-directory.ts';
import { followLog } from './follow-log.ts';
import { createModelLines } from './model-lines.ts';
import type { PrivateHeappe } from './private-heappe.ts';
import { removeRunFile, writeRunFile } from './run-file.ts';
import { planServices } from './services.ts';
import { settleAll } from './settle-all.ts';
import { openSharedPort } from './shared-port.ts';
import type { StackContext } from './stack-context.ts';
import { type SupervisedService, superviseService } from './supervised-service.ts';

export interface ServiceFacts {
  readonly url: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly localKey: string;
  readonly clusters: readonly ClusterSummary[];
  readonly heappe: PrivateHeappe | null;
}

/** Running requests have three seconds on Ctrl-C; at the second word what is left is ended, and told so. */
const serviceStop = [
  { signal: 'SIGTERM', waitMs: 3000 },
  { signal: 'SIGTERM', waitMs: 1500 },
  { signal: 'SIGKILL', waitMs: 1000 },
] as const;

/**
 * Starts proxies, apis and schedulers and keeps them running.
 * @returns announce: from then on run.json is kept true
 */
export async function runServices(
  context: StackContext,
  paths: DataPaths,
  facts: ServiceFacts,
): Promise<{ announce(): void }> {
  const { options, environment, progress, closing, log } = context;
  const { clusters, heappe, url, ...urls } = facts;
  const apiPort = await freePorts(1);
  const specs = planServices({
    ...urls,
    ...(await openPorts(context, apiPort)),
    options,
    checkout: checkoutRoot(),
    paths,
    installation: installationId(paths.root, options.installation),
    apiPort,
    environment,
  });
  const services: SupervisedService[] = [];
  let announced = false;
  const announce = () => {
    const { databaseUrl, redisUrl } = urls;
    if (announced)
      writeRunFile(
        paths.runFile,
        {
          ...{ url, pid: process.pid, databaseUrl, redisUrl, clusters },
          heappe: heappe === null ? null : factsOf(heappe.current()),
        },
        services,
      );
  };
  heappe?.onReturn(announce);
  closing.add('services', 'run.json', () => {
    announced = false;
    removeRunFile(paths.runFile);
  });
  // One memory for all schedulers: each model is told of once, whoever looked after it.
  const modelLine = createModelLines();
  for (const { name, logFile } of specs) {
    const isUp = () => services.some((one) => one.name === name && one.running() !== null);
    const condense = createCondenser(name, modelLine);
    const unfollow = followLog(logFile, (line) => {
      const short = condense(line, isUp());
      if (short !== null) log(short);
    });
    closing.add('logs', `log of ${name}`, unfollow);
  }
  closing.add('services', 'services', () =>
    Promise.all(services.map((service) => service.stop(serviceStop))),
  );
  for (const spec of specs) services.push(superviseService(spec, { log, changed: announce }));
  await settleAll(services.map((one) => progress.step(one.name, () => one.ready)));
  return {
    announce() {
      announced = true;
      announce();
    },
  };
}

const factsOf = ({ url, controlUrl: control, pid }: LocalHeappe) => ({ url, control, pid });

/** Ours are closed at once at the end: who listens then takes what is in their queues. */
async function openPorts({ options, closing }: StackContext, apiPort: number) {
  const publicPort = await openSharedPort(options.host, options.port);
  closing.add('services', 'public port', () => publicPort.close());
  const managementPort = await openSharedPort('127.0.0.1', apiPort);
  closing.add('services', 'port of the api', () => managementPort.close());
  return { sockets: { proxy: publicPort.stdio, api: managementPort.stdio, scheduler: null } };
}
