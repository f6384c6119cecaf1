/** One forward of one person to one task. Here it is an entry only; bytes go straight to the node. */
export interface Tunnel {
  readonly taskId: number;
  readonly ownerId: number;
  readonly localPort: number;
  readonly nodeHost: string;
  readonly nodePort: number;
  /** Its ssh connection is dead, and nobody has noticed. */
  stale: boolean;
  /** Aborted when the connection dies or the tunnel is closed: whatever goes through it is cut. */
  readonly life: AbortController;
}

type Wanted = Pick<Tunnel, 'taskId' | 'ownerId' | 'nodeHost' | 'nodePort'>;

/** HEAppE's table of tunnels: in memory, so a restart loses it. */
export interface Tunnels {
  of(taskId: number): readonly Tunnel[];
  /** @returns null when no port is left */
  open(wanted: Wanted): Tunnel | null;
  /** All forwards of a task, whoever asked for them. */
  closeTask(taskId: number): void;
  makeStale(): void;
  forgetAll(): void;
  all(): readonly Tunnel[];
}

/** TunnelSettings of the example configuration; the last is the first that is not used. */
const ports = { from: 4000, to: 4100 };

export function createTunnels(): Tunnels {
  let tunnels: readonly Tunnel[] = [];
  return {
    of: (taskId) => tunnels.filter((tunnel) => tunnel.taskId === taskId),
    open(wanted) {
      const taken = new Set(tunnels.map(({ localPort }) => localPort));
      for (let port = ports.from; port < ports.to; port++) {
        if (taken.has(port)) continue;
        const tunnel: Tunnel = {
          ...pick(wanted),
          localPort: port,
          stale: false,
          life: new AbortController(),
        };
        tunnels = [...tunnels, tunnel];
        return tunnel;
      }
      return null;
    },
    closeTask(taskId) {
      for (const tunnel of tunnels) if (tunnel.taskId === taskId) tunnel.life.abort();
      tunnels = tunnels.filter((tunnel) => tunnel.taskId !== taskId);
    },
    makeStale() {
      for (const tunnel of tunnels) {
        tunnel.stale = true;
        tunnel.life.abort();
      }
    },
    forgetAll() {
      for (const { life } of tunnels) life.abort();
      tunnels = [];
    },
    all: () => tunnels,
  };
}

const pick = ({ taskId, ownerId, nodeHost, nodePort }: Wanted) => ({
  taskId,
  ownerId,
  nodeHost,
  nodePort,
});
