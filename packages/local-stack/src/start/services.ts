import { join } from 'node:path';
import type { Stream } from 'node:stream';
import type { DataPaths } from './data-directory.ts';
import { instanceNames, type ServiceName, serviceNames } from './instances.ts';
import type { StartOptions } from './options.ts';
import type { ServiceSpec } from './supervised-service.ts';

export interface ServicePlan {
  readonly options: Pick<
    StartOptions,
    'host' | 'port' | 'recipes' | 'authFile' | 'limitsFile' | 'instances'
  >;
  readonly checkout: string;
  readonly paths: DataPaths;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly localKey: string;
  readonly installation: string;
  readonly apiPort: number;
  /** What those of each kind listen on, all together. */
  readonly sockets: Readonly<Record<ServiceName, Stream | null>>;
  /** Of the caller; what is ours in it is replaced. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Variables of services that a caller may set for them. */
const passedOn = /^(LOG_LEVEL|HOLD_TIMEOUT|MAX_BODY)$/;
/** Ours, npm's, and what would make a service listen elsewhere or read another configuration. */
const withheld =
  /^(WAKEFIELD_|npm_|NODE_CHANNEL|DATABASE_|REDIS_|API_|OPS_|OIDC_|LISTEN_|PG)|^(HOST|PORT|INIT_CWD|NODE_ENV|NODE_OPTIONS)$/;

/**
 * Time that running work of api and scheduler gets when they are to end. A proxy that is restarted finishes what it has,
 * however long that takes; at the end of everything it is told a second time to end, and then waits for nobody.
 */
const shutdownSeconds = '3';
/** Whoever asks again within this time hears that his connection to a proxy ends. */
const noticeSeconds = '0.5';

export function planServices(plan: ServicePlan): readonly ServiceSpec[] {
  const common = {
    ...inherited(plan.environment),
    DATABASE_URL: plan.databaseUrl,
    REDIS_URL: plan.redisUrl,
    API_LOCAL_KEY: plan.localKey,
    WAKEFIELD_CLUSTERS: plan.paths.clustersInUse,
    WAKEFIELD_INSTALLATION: plan.installation,
    ...(plan.options.recipes === null ? {} : { WAKEFIELD_RECIPES: plan.options.recipes }),
    ...(plan.options.authFile === null ? {} : { WAKEFIELD_AUTH: plan.options.authFile }),
    ...(plan.options.limitsFile === null ? {} : { WAKEFIELD_LIMITS: plan.options.limitsFile }),
    OPS_HOST: '127.0.0.1',
    OPS_PORT: '0',
    // Halves the time to ready. Shared by all data directories: filling it costs the first run's end a second.
    NODE_COMPILE_CACHE: join(plan.checkout, 'node_modules/.cache/wakefield'),
  };
  const own: Readonly<Record<ServiceName, Readonly<Record<string, string>>>> = {
    api: {
      HOST: '127.0.0.1',
      PORT: String(plan.apiPort),
      LISTEN_FDS: '1',
      SHUTDOWN_TIMEOUT: shutdownSeconds,
    },
    scheduler: { SHUTDOWN_TIMEOUT: shutdownSeconds },
    proxy: {
      HOST: plan.options.host,
      PORT: String(plan.options.port),
      LISTEN_FDS: '1',
      API_URL: `http://127.0.0.1:${plan.apiPort}`,
      // Browsers find all names below `localhost` on their own machine (RFC 6761 §6.3).
      SERVICES_URL: plan.environment.SERVICES_URL ?? `http://*.localhost:${plan.options.port}`,
      DRAIN_DELAY: noticeSeconds,
      USAGE_SPOOL: plan.paths.usage,
    },
  };
  return serviceNames.flatMap((service) =>
    instanceNames(service, plan.options.instances[service]).map((name) => ({
      service,
      name,
      script: join(plan.checkout, 'services', service, 'src/main.ts'),
      env: { ...common, ...own[service] },
      workingDirectory: plan.checkout,
      logFile: join(plan.paths.logs, `${name}.log`),
      socket: plan.sockets[service],
    })),
  );
}

function inherited(environment: ServicePlan['environment']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && (passedOn.test(entry[0]) || !withheld.test(entry[0])),
    ),
  );
}
