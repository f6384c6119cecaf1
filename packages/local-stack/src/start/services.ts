import { join } from 'node:path';
import type { DataPaths } from './data-directory.ts';
import type { StartOptions } from './options.ts';
import type { ServiceSpec } from './supervised-service.ts';

export interface ServicePlan {
  readonly options: Pick<StartOptions, 'host' | 'port' | 'recipes'>;
  readonly checkout: string;
  readonly paths: DataPaths;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly localKey: string;
  readonly installation: string;
  readonly apiPort: number;
  /** Of the caller; what is ours in it is replaced. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Variables of services that a caller may set for them. */
const passedOn = /^(LOG_LEVEL|HOLD_TIMEOUT|MAX_BODY)$/;
/** Ours, npm's, and what would make a service listen elsewhere or read another configuration. */
const withheld =
  /^(WAKEFIELD_|npm_|NODE_CHANNEL|DATABASE_|REDIS_|API_|OPS_|OIDC_|PG)|^(HOST|PORT|INIT_CWD|NODE_ENV|NODE_OPTIONS)$/;

/** Time that running requests get on Ctrl-C. */
const shutdownSeconds = '3';

export function planServices(plan: ServicePlan): readonly ServiceSpec[] {
  const common = {
    ...inherited(plan.environment),
    DATABASE_URL: plan.databaseUrl,
    REDIS_URL: plan.redisUrl,
    API_LOCAL_KEY: plan.localKey,
    WAKEFIELD_CLUSTERS: plan.paths.clustersInUse,
    WAKEFIELD_INSTALLATION: plan.installation,
    ...(plan.options.recipes === null ? {} : { WAKEFIELD_RECIPES: plan.options.recipes }),
    OPS_HOST: '127.0.0.1',
    OPS_PORT: '0',
    SHUTDOWN_TIMEOUT: shutdownSeconds,
    // Halves the time to ready. Shared by all data directories: filling it costs the first run's end a second.
    NODE_COMPILE_CACHE: join(plan.checkout, 'node_modules/.cache/wakefield'),
  };
  const spec = (name: string, env: Readonly<Record<string, string>>): ServiceSpec => ({
    name,
    script: join(plan.checkout, 'services', name, 'src/main.ts'),
    env: { ...common, ...env },
    workingDirectory: plan.checkout,
    logFile: join(plan.paths.logs, `${name}.log`),
  });
  return [
    spec('api', { HOST: '127.0.0.1', PORT: String(plan.apiPort) }),
    spec('scheduler', {}),
    spec('proxy', {
      HOST: plan.options.host,
      PORT: String(plan.options.port),
      API_URL: `http://127.0.0.1:${plan.apiPort}`,
      DRAIN_TIMEOUT: shutdownSeconds,
    }),
  ];
}

function inherited(environment: ServicePlan['environment']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && (passedOn.test(entry[0]) || !withheld.test(entry[0])),
    ),
  );
}
