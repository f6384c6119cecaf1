import type { Claim, FairOrder, HoldRefusal, WaitLimits, WaitsFor } from '@wakefield/domain';
import {
  admitWait,
  createFairOrder,
  type DurationMs,
  type ModelId,
  type ProjectName,
} from '@wakefield/domain';

/** A request that waits: for its model to come up, or for a place at its engines. */
export interface Held extends Claim {
  readonly project: ProjectName;
  readonly modelId: ModelId;
  /** Looks at the routes again: goes on, fails, or stays. */
  look(): void;
  /** Time has passed, by the clock that never goes back: keeps the client informed, gives up when its time is over. */
  tick(at: DurationMs): void;
}

/**
 * Requests that wait, in fair turns by principal and then as they came, bounded per model and for the process. No
 * project gets all of it, and no principal all of those places for which requests wait where engines are full.
 */
export interface HoldRoom {
  /** @returns why there is no room, or null when it was let in */
  enter(held: Held, waitsFor: WaitsFor): HoldRefusal | null;
  /** @param served whether it goes to an engine */
  leave(held: Held, served: boolean): void;
  /** Everybody who waits for the model looks again, in turn. */
  kick(modelId: ModelId): void;
  kickAll(): void;
  tick(at: DurationMs): void;
  readonly size: number;
  /** Whose turn it is. */
  first(modelId: ModelId): Held | null;
}

export function createHoldRoom(limits: WaitLimits): HoldRoom {
  const rooms = new Map<ModelId, FairOrder<Held>>();
  const projects = new Map<ProjectName, number>();
  let size = 0;
  /** Those inside may leave while we go round. */
  const each = (visit: (held: Held) => void): void => {
    for (const room of [...rooms.values()]) for (const held of room.all()) visit(held);
  };
  const count = (project: ProjectName, change: number): void => {
    size += change;
    const next = (projects.get(project) ?? 0) + change;
    if (next === 0) projects.delete(project);
    else projects.set(project, next);
  };
  const kick = (modelId: ModelId): void => {
    for (const held of rooms.get(modelId)?.all() ?? []) held.look();
  };
  return {
    enter: (held, waitsFor) => {
      const room = rooms.get(held.modelId) ?? createFairOrder<Held>();
      const refusal = admitWait(limits, waitsFor, {
        principal: room.of(held.principal),
        model: room.size,
        project: projects.get(held.project) ?? 0,
        process: size,
      });
      if (refusal !== null) return refusal;
      room.add(held);
      rooms.set(held.modelId, room);
      count(held.project, 1);
      return null;
    },
    leave: (held, served) => {
      const room = rooms.get(held.modelId);
      const before = room?.size ?? 0;
      room?.remove(held, served);
      if (room === undefined || room.size === before) return;
      count(held.project, -1);
      if (room.size === 0) rooms.delete(held.modelId);
    },
    kick,
    kickAll: () => {
      for (const modelId of [...rooms.keys()]) kick(modelId);
    },
    tick: (at) => each((held) => held.tick(at)),
    get size() {
      return size;
    },
    first: (modelId) => rooms.get(modelId)?.first() ?? null,
  };
}
