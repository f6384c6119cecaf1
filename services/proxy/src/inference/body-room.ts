/**
 * Memory for request bodies, of all requests together: many callers with large bodies must not end the process
 * for everybody. Bytes are taken as they arrive and given back when they are no longer needed.
 */
export interface BodyRoom {
  /** @returns whether there was room; if not, nothing was taken */
  take(bytes: number): boolean;
  give(bytes: number): void;
  readonly taken: number;
}

export function createBodyRoom(limitBytes: number): BodyRoom {
  let taken = 0;
  return {
    take: (bytes) => {
      if (taken + bytes > limitBytes) return false;
      taken += bytes;
      return true;
    },
    give: (bytes) => {
      taken -= bytes;
    },
    get taken() {
      return taken;
    },
  };
}
