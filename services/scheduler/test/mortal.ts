import {
  type ClusterDriver,
  ClusterError,
  type DemandBoard,
  type LogBoard,
  type MetricsBoard,
  type Nudges,
  type RouteBus,
  type Stores,
  type TrialBoard,
  type Webhook,
} from '@wakefield/control';
import { AppError } from '@wakefield/domain';

/**
 * What happens to one effect of a process.
 * - `dies before`, `dies after`  the process is gone from this moment on
 * - `unheard`                    it is done, and the answer is lost; the process lives on
 * - `undone`                     it is not done, and the process is told so
 */
export type Fault = 'dies before' | 'dies after' | 'unheard' | 'undone';

/** The end of a process: whatever it calls from then on throws this. */
export class Death extends Error {
  constructor() {
    super('the process is dead');
    this.name = 'Death';
  }
}

/** One effect of a life, whatever others come before it: deliveries meet in other ways each time. */
export interface CrashPoint {
  /** `jobs.intend` */
  readonly effect: string;
  /** From 1. */
  readonly occurrence: number;
}

/** The life of one process, and which of its effects goes wrong. */
export class Life {
  /** Effects so far, in the order in which they were begun. */
  readonly effects: string[] = [];
  dead = false;
  /** Set once the fault has happened. */
  struck = false;
  readonly #strikeAt: CrashPoint | null;
  readonly #fault: Fault;
  /** Occurrences of the effect that goes wrong so far. */
  #met = 0;

  /** @param strikeAt null: nothing goes wrong */
  constructor(strikeAt: CrashPoint | null = null, fault: Fault = 'dies after') {
    this.#strikeAt = strikeAt;
    this.#fault = fault;
  }

  /** Ends it from outside. */
  kill(): void {
    this.dead = true;
  }

  /** Runs an effect, or does not. */
  async effect<T>(name: string, lost: () => Error, work: () => Promise<T>): Promise<T> {
    this.#assertAlive();
    this.effects.push(name);
    if (name === this.#strikeAt?.effect) this.#met += 1;
    if (this.struck || this.#met !== this.#strikeAt?.occurrence) return await this.look(work);
    this.struck = true;
    switch (this.#fault) {
      case 'dies before':
        this.dead = true;
        throw new Death();
      case 'dies after':
        this.dead = true;
        await work().catch(() => undefined);
        throw new Death();
      case 'unheard':
        await work().catch(() => undefined);
        throw lost();
      case 'undone':
        throw lost();
    }
  }

  /** Runs a read: who dies meanwhile does not see what came of it. */
  async look<T>(work: () => Promise<T>): Promise<T> {
    this.#assertAlive();
    try {
      return await work();
    } finally {
      this.#assertAlive();
    }
  }

  #assertAlive(): void {
    if (this.dead) throw new Death();
  }
}

type Port = Readonly<Record<string, unknown>>;

/** The names of its functions. */
type CallsOf<T> = {
  [K in keyof T]-?: T[K] extends (...args: never[]) => unknown ? K : never;
}[keyof T];

/**
 * What each call of a port is. All are named, so that a new one cannot be taken for a read because nobody thought of it.
 * - `effect`  changes something outside of the process: this is where it goes wrong
 * - `read`    changes nothing
 * - `told`    does not even ask: answered at once from the configuration
 */
export type Calls<T> = Readonly<Record<CallsOf<T>, 'effect' | 'read' | 'told'>>;

/** The port as a process with this life sees it. */
function mortal<T extends object>(
  life: Life,
  name: string,
  port: T,
  calls: Calls<T>,
  lost: () => Error,
): T {
  const kinds: Readonly<Record<string, 'effect' | 'read' | 'told'>> = calls;
  const wrapped = Object.entries(port as Port).map(([key, value]) => {
    if (typeof value !== 'function' || kinds[key] === 'told') return [key, value];
    const call = (...args: unknown[]) => {
      const work = async () => await value.apply(port, args);
      return kinds[key] === 'effect' ? life.effect(`${name}.${key}`, lost, work) : life.look(work);
    };
    return [key, call];
  });
  return Object.fromEntries(wrapped);
}

const storeAway = () => new AppError('store_unavailable', 'The store does not answer (test).');
const receiverAway = () => new Error('the answer was lost (test)');
const clusterAway = () => new ClusterError('unreachable', 'the line broke (test)');

const storeCalls: { readonly [K in keyof Stores]: Calls<Stores[K]> } = {
  commands: {
    insert: 'effect',
    apply: 'effect',
    purgeFinished: 'effect',
    get: 'read',
    replay: 'read',
    listForProject: 'read',
    listUnfinishedBefore: 'read',
    listStale: 'read',
  },
  models: {
    savePlan: 'effect',
    putOff: 'effect',
    purgeUnregistered: 'effect',
    get: 'read',
    find: 'read',
    list: 'read',
    listDue: 'read',
  },
  jobs: {
    intend: 'effect',
    patch: 'effect',
    advance: 'effect',
    purgeEnded: 'effect',
    countUse: 'read',
    get: 'read',
    listForModel: 'read',
    listForService: 'read',
    listForModels: 'read',
    listLiveForProject: 'read',
    listLiveForCluster: 'read',
    listLiveNames: 'read',
    countLive: 'read',
    listEngines: 'read',
    readWaits: 'read',
    listPurgeable: 'read',
    engineKey: 'read',
  },
  projects: { get: 'read', activations: 'read', list: 'read' },
  routes: { revision: 'read', load: 'read' },
  leases: { acquire: 'effect', renew: 'effect', release: 'effect' },
  clusters: { save: 'effect', saveBounds: 'effect', list: 'read' },
  services: {
    savePlan: 'effect',
    purgeOver: 'effect',
    get: 'read',
    lookUp: 'read',
    list: 'read',
    listDue: 'read',
    count: 'read',
    listEnds: 'read',
  },
  notices: {
    putOff: 'effect',
    settle: 'effect',
    purge: 'effect',
    listDue: 'read',
    listWaiting: 'read',
    oldestWaiting: 'read',
  },
  usage: { add: 'effect', purgeRecords: 'effect', purgeSums: 'effect', sums: 'read' },
};

export function mortalStores(life: Life, stores: Stores): Stores {
  const port = <K extends keyof Stores>(key: K): Stores[K] =>
    mortal<Stores[K]>(life, key, stores[key], storeCalls[key], storeAway);
  return {
    commands: port('commands'),
    models: port('models'),
    jobs: port('jobs'),
    projects: port('projects'),
    routes: port('routes'),
    leases: port('leases'),
    clusters: port('clusters'),
    services: port('services'),
    notices: port('notices'),
    usage: port('usage'),
  };
}

interface Messaging {
  readonly nudges: Nudges;
  readonly routeBus: RouteBus;
  readonly demandBoard: DemandBoard;
  readonly metricsBoard: MetricsBoard;
  readonly trials: TrialBoard;
  readonly logBoard: LogBoard;
}

const messagingCalls: { readonly [K in keyof Messaging]: Calls<Messaging[K]> } = {
  nudges: {
    command: 'effect',
    activation: 'effect',
    model: 'effect',
    modelLater: 'effect',
    service: 'effect',
    notices: 'effect',
    serviceLater: 'effect',
    cluster: 'effect',
    metrics: 'effect',
    probe: 'effect',
    log: 'effect',
  },
  routeBus: { publish: 'effect', subscribe: 'read' },
  demandBoard: { publish: 'effect', withdraw: 'effect', readMany: 'read' },
  metricsBoard: {
    publish: 'effect',
    publishGpus: 'effect',
    answered: 'effect',
    read: 'read',
    answering: 'read',
  },
  trials: { claim: 'effect', tell: 'effect', read: 'read' },
  logBoard: { claim: 'effect', tell: 'effect', read: 'read' },
};

export function mortalMessaging(life: Life, ports: Messaging): Messaging {
  const port = <K extends keyof Messaging>(key: K): Messaging[K] =>
    mortal<Messaging[K]>(life, key, ports[key], messagingCalls[key], storeAway);
  return {
    nudges: port('nudges'),
    routeBus: port('routeBus'),
    demandBoard: port('demandBoard'),
    metricsBoard: port('metricsBoard'),
    trials: port('trials'),
    logBoard: port('logBoard'),
  };
}

/** The port as a process with this life sees it. */
export function mortalWebhook(life: Life, webhook: Webhook): Webhook {
  return mortal(life, 'webhook', webhook, { send: 'effect' }, receiverAway);
}

const driverCalls: Calls<ClusterDriver> = {
  submit: 'effect',
  askToEnd: 'effect',
  cancel: 'effect',
  forget: 'effect',
  activate: 'effect',
  observe: 'read',
  readLog: 'read',
  accepts: 'read',
  bounds: 'read',
  forecast: 'read',
  find: 'read',
  close: 'read',
  limits: 'told',
  queueOf: 'told',
};

export function mortalDriver(life: Life, driver: ClusterDriver): ClusterDriver {
  return mortal(life, 'driver', driver, driverCalls, clusterAway);
}
