import { hasShare, type ProjectName } from '@wakefield/domain';

/**
 * Memory for request bodies, of all requests together: many callers with large bodies must not end the process
 * for everybody, nor those of one project keep out all others. Bytes are taken as they arrive and given back
 * when they are no longer needed.
 */
export interface BodyRoom {
  /** What requests of this project take and give. */
  shareOf(project: ProjectName): BodyShare;
  readonly taken: number;
}

export interface BodyShare {
  /** @returns whether there was room; if not, nothing was taken */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export function createBodyRoom(limitBytes: number): BodyRoom {
  /** Of projects that had a request; there are no more of them than projects. */
  const shares = new Map<ProjectName, BodyShare>();
  let taken = 0;
  const createShare = (): BodyShare => {
    let own = 0;
    return {
      take: (bytes) => {
        const free = limitBytes - taken;
        if (bytes > free || !hasShare(own, free)) return false;
        taken += bytes;
        own += bytes;
        return true;
      },
      give: (bytes) => {
        taken -= bytes;
        own -= bytes;
      },
    };
  };
  return {
    shareOf: (project) => {
      let share = shares.get(project);
      if (share === undefined) {
        share = createShare();
        shares.set(project, share);
      }
      return share;
    },
    get taken() {
      return taken;
    },
  };
}
