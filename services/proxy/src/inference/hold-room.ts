import type { HoldLimits, HoldRefusal } from '@wakefield/domain';
import { admitHold, type DurationMs, type ModelId, type ProjectName } from '@wakefield/domain';

/** A request that waits for its model. */
export interface Held {
  readonly project: ProjectName;
  readonly modelId: ModelId;
  /** Looks at the routes again: goes on, fails, or stays. */
  look(): void;
  /** Time has passed, by the clock that never goes back: keeps the client informed, gives up when its time is over. */
  tick(at: DurationMs): void;
}

/** Requests that wait, first come first served, bounded per model and for the process, of which no project gets all. */
export interface HoldRoom {
  /** @returns why there is no room, or null when it was let in */
  enter(held: Held): HoldRefusal | null;
  leave(held: Held): void;
  /** Everybody who waits for the model looks again. */
  kick(modelId: ModelId): void;
  kickAll(): void;
  tick(at: DurationMs): void;
  /** Models that somebody waits for. */
  models(): readonly ModelId[];
  readonly size: number;
  /** Somebody who waits for the model, for its trace. */
  first(modelId: ModelId): Held | null;
}

export function createHoldRoom(limits: HoldLimits): HoldRoom {
  const rooms = new Map<ModelId, Set<Held>>();
  const projects = new Map<ProjectName, number>();
  let size = 0;
  /** Those inside may leave while we go round. */
  const each = (visit: (held: Held) => void): void => {
    for (const room of [...rooms.values()]) for (const held of [...room]) visit(held);
  };
  const count = (project: ProjectName, change: number): void => {
    size += change;
    const next = (projects.get(project) ?? 0) + change;
    if (next === 0) projects.delete(project);
    else projects.set(project, next);
  };
  const kick = (modelId: ModelId): void => {
    for (const held of [...(rooms.get(modelId) ?? [])]) held.look();
  };
  return {
    enter: (held) => {
      const room = rooms.get(held.modelId) ?? new Set<Held>();
      const refusal = admitHold(limits, {
        model: room.size,
        project: projects.get(held.project) ?? 0,
        process: size,
      });
      if (refusal !== null) return refusal;
      rooms.set(held.modelId, room.add(held));
      count(held.project, 1);
      return null;
    },
    leave: (held) => {
      const room = rooms.get(held.modelId);
      if (room?.delete(held) !== true) return;
      count(held.project, -1);
      if (room.size === 0) rooms.delete(held.modelId);
    },
    kick,
    kickAll: () => {
      for (const modelId of [...rooms.keys()]) kick(modelId);
    },
    tick: (at) => each((held) => held.tick(at)),
    models: () => [...rooms.keys()],
    get size() {
      return size;
    },
    first: (modelId) => rooms.get(modelId)?.values().next().value ?? null,
  };
}
