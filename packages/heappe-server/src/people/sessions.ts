import { randomUUID } from 'node:crypto';
import { HeappeError } from '../http/heappe-error.ts';
import type { Database } from '../world/database.ts';
import type { Session } from '../world/types.ts';

/** Session codes: one per user while it lives, sliding. Kept as all else is, so they outlive the server. */
export interface Sessions {
  open(userId: number): string;
  /** @returns null for one that it does not know. @throws HeappeError 401 when it has expired */
  userOf(code: string): number | null;
  expireAll(): void;
}

/** Each use makes a session longer; so much of its life may be lost with the process. */
const unsaved = 0.1;

export function createSessions(
  database: Database,
  now: () => number,
  lifeSeconds: number,
): Sessions {
  const { sessions } = database.world;
  const lifeMs = lifeSeconds * 1000;
  const lastUse = new Map<string, number>();
  const expires = ({ code, expires: saved }: Session) =>
    Math.max(saved, (lastUse.get(code) ?? 0) + lifeMs);
  return {
    open(userId) {
      const alive = sessions.find(
        (session) => session.userId === userId && expires(session) > now(),
      );
      const session = alive ?? { code: randomUUID(), userId, expires: 0 };
      session.expires = now() + lifeMs;
      if (alive === undefined) sessions.push(session);
      database.save();
      return session.code;
    },
    userOf(code) {
      const session = sessions.find((one) => one.code === code);
      if (session === undefined) return null;
      if (expires(session) <= now()) {
        const at = new Date(expires(session)).toISOString();
        const text = `Session code '${code}' already expired at '${at}'.`;
        throw new HeappeError('session', 'Expired', text);
      }
      lastUse.set(code, now());
      if (expires(session) > session.expires + unsaved * lifeMs) session.expires = now() + lifeMs;
      return session.userId;
    },
    expireAll() {
      lastUse.clear();
      for (const session of sessions) session.expires = now() - 1;
    },
  };
}
