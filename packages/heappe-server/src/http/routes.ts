import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Instance } from '../instance.ts';
import { callerOf, type HeaderUser } from '../people/identify.ts';
import type { VersionTraits } from '../versions.ts';
import type { User } from '../world/types.ts';
import { parseJson } from './body.ts';
import { bind, type Fields } from './fields.ts';
import { BindingError } from './heappe-error.ts';

/** What a handler answers; `streamed` when it has written the response itself. */
export type Reply = { readonly status?: number; readonly json: unknown } | 'streamed';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below `/heappe/`, unless it begins with a slash. */
  readonly path: string;
  /** [RequestSizeLimit] in bytes. */
  readonly limit: number;
  /** Which versions have it; absent: all. */
  readonly since?: (traits: VersionTraits) => boolean;
  readonly handle: (call: Call) => Promise<Reply> | Reply;
}

/** One request on its way. */
export class Call {
  readonly instance: Instance;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer;
  private readonly query: readonly (readonly [string, string])[];
  private readonly byHeader: HeaderUser | null;

  constructor(parts: {
    readonly instance: Instance;
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
    readonly query: URLSearchParams;
    readonly body: Buffer;
    readonly byHeader: HeaderUser | null;
  }) {
    this.instance = parts.instance;
    this.request = parts.request;
    this.response = parts.response;
    this.body = parts.body;
    this.byHeader = parts.byHeader;
    this.query = [...parts.query].map(([name, value]) => [name.toLowerCase(), value]);
  }

  /** The JSON body. @throws BindingError */
  read<T>(read: (fields: Fields) => T): T {
    return bind(parseJson(this.body), read);
  }

  texts(name: string): readonly string[] {
    return this.query.filter(([key]) => key === name.toLowerCase()).map(([, value]) => value);
  }

  text(name: string): string | null {
    const [value = ''] = this.texts(name);
    return value === '' ? null : value;
  }

  /** @throws BindingError when it is no number */
  optionalNumber(name: string): number | null {
    const text = this.text(name);
    if (text === null) return null;
    if (!/^-?\d+$/.test(text)) {
      throw new BindingError({ [name]: [`The value '${text}' is not valid.`] });
    }
    return Number(text);
  }

  number(name: string): number {
    return this.optionalNumber(name) ?? 0;
  }

  flag(name: string): boolean {
    return /^true$/i.test(this.text(name) ?? '');
  }

  /** Who calls, with the code of the body or of the query. */
  caller(sessionCode: string | null = this.text('sessionCode')): User {
    return callerOf(this.instance, this.byHeader, sessionCode);
  }
}

/** The limit of actions that have none of their own: Kestrel's. */
export const usualLimit = 30_000_000;

/** Most bodies carry one; longer than 50 characters is 400. */
export const sessionCodeOf = (fields: Fields): string | null => fields.text('SessionCode', 50);
