import {
  type ClusterDriver,
  ClusterError,
  type MetricsBoard,
  type Nudges,
  type RouteBus,
  type Stores,
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

/** The life of one process, and which of its effects goes wrong. */
export class Life {
  /** Effects so far, in the order in which they were begun. */
  readonly effects: string[] = [];
  dead = false;
  /** Set once the fault has happened. */
  struck = false;
  readonly #strikeAt: number;
  readonly #fault: Fault;

  /** @param strikeAt number of the effect that goes wrong, from 1; infinity: none */
  constructor(strikeAt = Number.POSITIVE_INFINITY, fault: Fault = 'dies after') {
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
    if (this.effects.length !== this.#strikeAt) return await this.look(work);
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

/** The port as a process with this life sees it. Calls that are not named as effects are reads. */
function mortal<T extends object>(
  life: Life,
  name: string,
  port: T,
  effects: readonly (keyof T & string)[],
  lost: () => Error,
): T {
  const wrapped = Object.entries(port as Port).map(([key, value]) => {
    if (typeof value !== 'function') return [key, value];
    const isEffect = (effects as readonly string[]).includes(key);
    const call = (...args: unknown[]) => {
      const work = async () => await value.apply(port, args);
      return isEffect ? life.effect(`${name}.${key}`, lost, work) : life.look(work);
    };
    return [key, call];
  });
  return Object.fromEntries(wrapped);
}

const storeAway = () => new AppError('store_unavailable', 'The store does not answer (test).');
const clusterAway = () => new ClusterError('unreachable', 'the line broke (test)');

export function mortalStores(life: Life, stores: Stores): Stores {
  const port = <K extends keyof Stores>(key: K, effects: readonly (keyof Stores[K] & string)[]) =>
    mortal(life, key, stores[key], effects, storeAway);
  return {
    commands: port('commands', ['insert', 'apply', 'purgeFinished']),
    models: port('models', ['savePlan', 'purgeUnregistered']),
    jobs: port('jobs', ['intend', 'patch', 'advance', 'purgeEnded']),
    projects: port('projects', []),
    routes: port('routes', []),
    leases: port('leases', ['acquire', 'renew', 'release']),
    clusters: port('clusters', ['save']),
  };
}

export function mortalMessaging(
  life: Life,
  ports: {
    readonly nudges: Nudges;
    readonly routeBus: RouteBus;
    readonly metricsBoard: MetricsBoard;
  },
) {
  return {
    nudges: mortal(
      life,
      'nudges',
      ports.nudges,
      ['command', 'model', 'modelLater', 'cluster', 'metrics', 'probe'],
      storeAway,
    ),
    routeBus: mortal(life, 'routeBus', ports.routeBus, ['publish'], storeAway),
    metricsBoard: mortal(
      life,
      'metricsBoard',
      ports.metricsBoard,
      ['publish', 'publishGpus', 'answered'],
      storeAway,
    ),
  };
}

export function mortalDriver(life: Life, driver: ClusterDriver): ClusterDriver {
  const effects = ['submit', 'askToEnd', 'cancel', 'forget'] as const;
  // What is told from the configuration is told at once.
  const { limits, queueOf } = driver;
  return { ...mortal(life, 'driver', driver, effects, clusterAway), limits, queueOf };
}
