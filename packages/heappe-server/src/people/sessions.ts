import { randomUUID } from 'node:crypto';
import { HeappeError } from '../http/heappe-error.ts';

interface Session {
  readonly code: string;
  readonly userId: number;
  expires: number;
}

/** Session codes: one per user while it lives, sliding. In memory, as a test wants a restart to lose them. */
export interface Sessions {
  open(userId: number): string;
  /** @throws HeappeError 401 */
  userOf(code: string): number;
  expireAll(): void;
  forgetAll(): void;
}

export function createSessions(now: () => number, lifeSeconds: () => number): Sessions {
  const sessions = new Map<string, Session>();
  const later = () => now() + lifeSeconds() * 1000;
  return {
    open(userId) {
      const alive = [...sessions.values()].find(
        (session) => session.userId === userId && session.expires > now(),
      );
      const session = alive ?? { code: randomUUID(), userId, expires: 0 };
      session.expires = later();
      sessions.set(session.code, session);
      return session.code;
    },
    userOf(code) {
      const session = sessions.get(code);
      if (session === undefined) throw new HeappeError('unauthorized', 'Unauthorized');
      if (session.expires <= now()) {
        const at = new Date(session.expires).toISOString();
        const text = `Session code '${code}' already expired at '${at}'.`;
        throw new HeappeError('session', 'Expired', text);
      }
      session.expires = later();
      return session.userId;
    },
    expireAll() {
      for (const session of sessions.values()) session.expires = now() - 1;
    },
    forgetAll: () => sessions.clear(),
  };
}
