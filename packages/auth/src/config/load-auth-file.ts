import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type ClientAuth, ClientSecretBasic, None } from 'openid-client';
import { isNode, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { type AuthFileData, authFileSchema, type IssuerData } from './schema.ts';

/** A client of ours at an issuer. Its secret is inside `auth` and cannot be printed. */
export interface OwnClient {
  readonly clientId: string;
  readonly auth: ClientAuth;
}

type Introspection = NonNullable<IssuerData['introspection']>;

export interface IssuerConfig extends Omit<IssuerData, 'introspection' | 'signIn'> {
  readonly title: string;
  readonly introspection: (OwnClient & Pick<Introspection, 'tokens' | 'cache'>) | null;
  readonly signIn: (OwnClient & { readonly scopes: readonly string[] }) | null;
}

export interface AuthFile extends Pick<AuthFileData, 'staticKey'> {
  /** Without a slash at its end; null where nobody signs in with a browser. */
  readonly publicUrl: string | null;
  readonly issuers: readonly IssuerConfig[];
}

/** As if there were no file: the static key opens everything. */
export const withoutAuthFile: AuthFile = {
  staticKey: { enabled: true },
  publicUrl: null,
  issuers: [],
};

/** auth.yaml cannot be used. One line per problem: file, line, path, what is wrong. */
export class AuthFileError extends Error {
  /** EX_CONFIG of sysexits.h. */
  readonly exitCode = 78;
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'AuthFileError';
  }
}

/**
 * Reads and checks auth.yaml, and the secrets that it names (relative to its folder).
 * @throws AuthFileError with every problem at once
 */
export async function loadAuthFile(path: string): Promise<AuthFile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException;
    const words = code === 'ENOENT' ? 'is not there. Begin with deploy/auth.example.yaml.' : code;
    throw new AuthFileError(`${path} ${words}`, error);
  }
  return parseAuthFile(text, path);
}

/** {@link loadAuthFile} on text; `path` is for messages and for relative file names. */
export function parseAuthFile(text: string, path: string): AuthFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const [broken] = document.errors;
  if (broken !== undefined) {
    const words = (broken.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
    throw new AuthFileError(`${path}:${lines.linePos(broken.pos[0]).line}: ${words}`);
  }
  const lineOf = (where: readonly PropertyKey[]): number => {
    for (let length = where.length; length > 0; length -= 1) {
      const node = document.getIn(where.slice(0, length), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  const refuse = (problems: readonly Problem[], cause?: unknown): never => {
    const told = problems
      .map(({ where, words }) => ({
        line: lineOf(where),
        path: where.map(String).join('.'),
        words,
      }))
      .toSorted((one, other) => one.line - other.line)
      .map((one) => `${path}:${one.line}: ${one.path}: ${one.words}`);
    throw new AuthFileError(told.join('\n'), cause);
  };
  const parsed = authFileSchema.safeParse(document.toJS() ?? {});
  if (!parsed.success) return refuse(problemsOf(parsed.error.issues));
  return withSecrets(parsed.data, dirname(resolve(path)), refuse);
}

type Refuse = (problems: readonly Problem[], cause?: unknown) => never;

interface Problem {
  readonly where: readonly PropertyKey[];
  readonly words: string;
}

/** Of a rule that may be of two kinds, what is wrong with the kind that it comes closest to. */
function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  above: readonly PropertyKey[] = [],
): Problem[] {
  return issues.flatMap((issue) => {
    const where = [...above, ...issue.path];
    if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      const known = issue.errors.toSorted((one, other) => one.length - other.length);
      return problemsOf(known[0] ?? [], where);
    }
    // They come as one issue at their parent.
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ where: [...where, key], words: 'unknown key' }));
    return [{ where, words: issue.message }];
  });
}

function withSecrets(data: AuthFileData, folder: string, refuse: Refuse): AuthFile {
  const read = (index: number, client: 'introspection' | 'signIn') => (file: string) => {
    const where = ['issuers', index, client, 'clientSecretFile'];
    return secretIn(resolve(folder, file), (words, cause) => refuse([{ where, words }], cause));
  };
  return {
    staticKey: data.staticKey,
    publicUrl: data.publicUrl === undefined ? null : data.publicUrl.replace(/\/+$/, ''),
    issuers: data.issuers.map(({ introspection, signIn, ...issuer }, index) => ({
      ...issuer,
      title: issuer.title ?? issuer.name,
      introspection:
        introspection === undefined
          ? null
          : { ...clientOf(introspection, read(index, 'introspection')), ...pick(introspection) },
      signIn:
        signIn === undefined
          ? null
          : { ...clientOf(signIn, read(index, 'signIn')), scopes: signIn.scopes },
    })),
  };
}

function pick({ tokens, cache }: Introspection): Pick<Introspection, 'tokens' | 'cache'> {
  return { tokens, cache };
}

function clientOf(
  client: { readonly clientId: string; readonly clientSecretFile?: string | undefined },
  read: (file: string) => string,
): OwnClient {
  const { clientId, clientSecretFile: file } = client;
  return {
    clientId,
    auth: file === undefined ? None() : ClientSecretBasic(read(file)),
  };
}

function secretIn(path: string, refuse: (words: string, cause?: unknown) => never): string {
  let secret: string;
  try {
    secret = readFileSync(path, 'utf8').trim();
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException;
    const words = code === 'ENOENT' ? 'is not there: write the client secret into it' : code;
    return refuse(`${path} ${words}`, error);
  }
  return secret === '' ? refuse(`${path} is empty`) : secret;
}
