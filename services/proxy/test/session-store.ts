import type { SessionStore } from '@wakefield/control';

/** A store of sessions in memory, with what is in it. */
/** @param now by which lists forget */
export function createMemorySessions(now: () => number): SessionStore & {
  readonly kept: ReadonlyMap<string, string>;
} {
  const kept = new Map<string, string>();
  const lists = new Map<string, Map<string, number>>();
  const put = async (name: string, value: string) => void kept.set(name, value);
  return {
    kept,
    put,
    replace: async (name, value) => {
      const isThere = kept.has(name);
      if (isThere) kept.set(name, value);
      return isThere;
    },
    settle: async (name, value) => {
      if (!kept.has(name)) kept.set(name, value);
      return kept.get(name) ?? value;
    },
    get: async (name) => kept.get(name) ?? null,
    take: async (name) => {
      const value = kept.get(name) ?? null;
      kept.delete(name);
      return value;
    },
    claim: async (name, owner) => {
      if (kept.has(name)) return false;
      await put(name, owner);
      return true;
    },
    release: async (name, owner) => {
      if (kept.get(name) === owner) kept.delete(name);
    },
    enlist: async (list, one, lifeMs, most) => {
      const all = lists.get(list) ?? new Map<string, number>();
      lists.set(list, all);
      for (const [other, endsAt] of all) if (endsAt <= now()) all.delete(other);
      if (!all.has(one) && all.size >= most) return false;
      all.set(one, now() + lifeMs);
      return true;
    },
    discharge: async (list, one) => void lists.get(list)?.delete(one),
  };
}
