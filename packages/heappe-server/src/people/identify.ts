import type { IncomingMessage } from 'node:http';
import { HeappeError, PlainAnswer } from '../http/heappe-error.ts';
import type { Instance } from '../instance.ts';
import type { User } from '../world/types.ts';
import { userOfHeader } from './bearer.ts';
import { opens } from './secrets.ts';

/** Who a header says it is. */
export interface HeaderUser {
  readonly user: User;
  readonly by: 'token' | 'key';
}

/** Checked before anything of the body is looked at, as authentication handlers are. @throws PlainAnswer 401 */
export async function userOfHeaders(
  instance: Instance,
  request: IncomingMessage,
): Promise<HeaderUser | null> {
  const byToken = await userOfHeader(instance, request.headers.authorization);
  if (byToken !== null) return { user: byToken, by: 'token' };
  const key = request.headers['x-api-key'];
  if (typeof key !== 'string' || !instance.traits.apiKey) return null;
  const [username = '', ...rest] = key.split(':');
  const user = instance.database.world.users.find((one) => one.username === username);
  if (user === undefined || !opens(user.secret, rest.join(':'))) {
    throw new PlainAnswer(401, 'Status Code: 401; Unauthorized');
  }
  return { user, by: 'key' };
}

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const isGuid = (code: string): boolean => guid.test(code);

/** Who calls: by token, by session code if there is one, else by API key. @throws HeappeError 401, on old versions 404 for a code of no form */
export function callerOf(
  instance: Instance,
  byHeader: HeaderUser | null,
  sessionCode: string | null,
): User {
  const code = sessionCode ?? '';
  if (byHeader !== null && (byHeader.by === 'token' || code === '')) return byHeader.user;
  const { checksSessionCode } = instance.traits;
  if (checksSessionCode) {
    if (code === '') throw new HeappeError('validation', 'SessionCode cannot be empty.');
    if (!isGuid(code)) throw new HeappeError('validation', 'SessionCode has wrong format.');
  }
  const id = instance.sessions.userOf(code);
  if (id === null) {
    throw checksSessionCode
      ? new HeappeError(
          'session',
          'NotPresent',
          `Session code '${code}' is not present in the HEAppE.`,
        )
      : new HeappeError('unauthorized', 'Unauthorized');
  }
  const user = instance.database.world.users.find((one) => one.id === id);
  if (user === undefined) throw new HeappeError('unauthorized', 'Unauthorized');
  return user;
}
