import type { BrowserIdentifier, Identifier, KeyCheck, LoginCookie, SignIn } from '@wakefield/auth';
import type { QueuesJson } from '@wakefield/contracts';
import type {
  Clock,
  ClusterStatusStore,
  CommandStore,
  DemandBoard,
  Ids,
  JobStore,
  LogBoard,
  MetricsBoard,
  ModelStore,
  Nudges,
  ProjectStore,
  RecipeCatalog,
  ServiceStore,
  UsageStore,
} from '@wakefield/control';
import type { ServiceRecipes } from '@wakefield/recipes';
import type { Logger, Metrics } from '@wakefield/runtime';
import type { RequestHandler } from 'express';
import type { LoginAttempts } from './features/operations/login-attempts.ts';

/** Everything that the HTTP application needs from outside. Reads only, but for the command's row. */
export interface ApiDeps {
  readonly version: string;
  readonly identifier: Identifier;
  /** Sessions of browsers, and how they begin and end; null where nobody can sign in with one. */
  readonly browsers: BrowserIdentifier | null;
  readonly signIn: SignIn | null;
  readonly projects: ProjectStore;
  readonly models: Pick<ModelStore, 'find' | 'list'>;
  readonly jobs: Pick<JobStore, 'listForModel' | 'listLiveForProject'>;
  readonly services: Pick<ServiceStore, 'get' | 'lookUp' | 'list'>;
  readonly clusters: Pick<ClusterStatusStore, 'list'>;
  readonly commands: Pick<CommandStore, 'insert' | 'get' | 'replay' | 'listForProject'>;
  readonly usage: Pick<UsageStore, 'sums'>;
  readonly nudges: Pick<Nudges, 'command' | 'log'>;
  readonly metricsBoard: Pick<MetricsBoard, 'read'>;
  readonly logBoard: Pick<LogBoard, 'read'>;
  readonly demandBoard: Pick<DemandBoard, 'readMany'>;
  readonly recipes: Pick<RecipeCatalog, 'names' | 'has' | 'checkArguments' | 'checkShape'>;
  /** What can be started as a service. */
  readonly serviceRecipes: Pick<ServiceRecipes, 'list' | 'get' | 'resolve' | 'specOf'>;
  /** Aborted when this process is asked to end: what waits for something answers then. */
  readonly ending: AbortSignal;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'uuid'>;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'counter' | 'gauge' | 'histogram'>;
  /** How long a change waits for its outcome before it answers 202. */
  readonly commandWaitMs: number;
  /** How long the start of a service waits for the id that its cluster gives its job, before it answers 202. */
  readonly serviceWaitMs: number;
  /** How long a log is followed; then the client comes again, and its rights are looked at again. */
  readonly followMs: number;
  /** Where callers find this installation, without a slash at the end; null: as they came. */
  readonly publicUrl: string | null;
  /** How long sums of usage are kept, by those who delete them. */
  readonly usageSumsMs: number;
  readonly operations: {
    /** Bull Board, to be mounted at `/ops/queues`. */
    readonly board: RequestHandler;
    readonly figures: () => Promise<QueuesJson>;
    /** Of who came with the static key by the form; null where that key does not open the installation. */
    readonly login: LoginCookie | null;
    /** Whether it is the static key; takes the same time whatever it is. */
    readonly isKey: KeyCheck;
    readonly attempts: LoginAttempts;
  };
}
