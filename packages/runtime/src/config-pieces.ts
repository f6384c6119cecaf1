import { type GlobalMeta, z } from 'zod';
import { Secret } from './secret.ts';

/** Mark of variables that may also come as `<NAME>_FILE`, the path of a mounted file. */
const fileVariant = { fileVariant: true } as const satisfies GlobalMeta;

function url(protocols: readonly string[], what: string) {
  return z
    .string()
    .refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
      message: `has to be a ${what} URL (${protocols.map((name) => `${name}//…`).join(' or ')})`,
    });
}

/** `postgres://user:password@host:port/database`. May come as a file. */
export const databaseUrl = url(['postgres:', 'postgresql:'], 'PostgreSQL').meta(fileVariant);

/** `redis://host:port/0`, or `rediss://` over TLS. May come as a file. */
export const redisUrl = url(['redis:', 'rediss:'], 'Redis').meta(fileVariant);

/** `http://host:port` of another service. */
export const httpUrl = url(['http:', 'https:'], 'HTTP');

/** A port to listen on; 0 takes any free one. */
export const listenPort = z
  .string()
  .regex(/^\d{1,5}$/, 'has to be a port, 0 to 65535 (0: any free one)')
  .transform(Number)
  .refine((port) => port <= 65_535, 'has to be a port, 0 to 65535 (0: any free one)');

const secondsPerUnit: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
};

/** A length of time in seconds: `300`, `300s`, `1500ms`, `5m`, `1h`, `90d`. */
export const durationSeconds = z
  .string()
  .regex(
    /^\d+(\.\d+)?(ms|s|m|h|d)?$/,
    'has to be a length of time such as 300, 300s, 5m, 1h or 90d',
  )
  .transform((text) => Number.parseFloat(text) * unit(secondsPerUnit, text, 1));

const bytesPerUnit: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** A size in bytes: `1048576`, `512KiB`, `32MiB`, `1GiB`, or with 1000s `32MB`. */
export const byteSize = z
  .string()
  .regex(/^\d+(\.\d+)?\s?(B|[KMG]i?B)?$/, 'has to be a size such as 1048576, 512KiB or 32MiB')
  .transform((text) => Math.round(Number.parseFloat(text) * unit(bytesPerUnit, text, 1)));

/** Short id of this installation: part of job names and Redis keys, so that two may share a cluster or a Redis. */
const installation = z
  .string()
  .regex(/^[a-z0-9]{2,8}$/, 'has to be 2 to 8 of a-z and 0-9')
  .default('main');

/**
 * A key that must never be shown: one word, for it travels in a header, and too long to be guessed (`openssl rand
 * -hex 32` makes a good one). May come as a file.
 */
export const secret = z
  .string()
  .regex(/^[\x21-\x7e]{16,}$/, 'has to be at least 16 printable characters without blanks')
  .transform((value) => new Secret(value))
  .meta(fileVariant);

const signingPrefix = 'whsec_';

/**
 * A key that messages are signed with, as Standard Webhooks writes it: `whsec_` and 24 to 64 random bytes in base64
 * (`echo whsec_$(openssl rand -base64 32)`). May come as a file.
 */
export const signingSecret = z
  .string()
  .refine(isSigningSecret, `has to be ${signingPrefix} and 24 to 64 bytes in base64`)
  .transform((value) => new Secret(value))
  .meta(fileVariant);

/** The bytes of a `signingSecret`. */
export function signingKey(secret: Secret): Buffer {
  return Buffer.from(secret.reveal().slice(signingPrefix.length), 'base64');
}

function isSigningSecret(value: string): boolean {
  const text = value.slice(signingPrefix.length);
  const bytes = Buffer.from(text, 'base64');
  const isBase64 = bytes.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '');
  return value.startsWith(signingPrefix) && isBase64 && bytes.length >= 24 && bytes.length <= 64;
}

/** `http://…` or `https://…` of somebody else, without a user: its path may be all that protects it. May come as a file. */
export const hookUrl = httpUrl
  .refine((value) => !URL.canParse(value) || new URL(value).username === '', {
    message: 'has to be without a user and a password: what is sent is signed',
  })
  .transform((value) => new Secret(value))
  .meta(fileVariant);

/** `true`, `1`, `yes`, `on` and their opposites. */
export const flag = z.stringbool();

/** A whole number written in digits. */
export const wholeNumber = z
  .string()
  .regex(/^\d{1,15}$/, 'has to be a whole number')
  .transform(Number);

/** Paths or words separated by commas; blanks around them are dropped. */
export const commaList = z.string().transform((text): readonly string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

/** Variables that every process reads; spread into its schema. */
export const processVariables = {
  WAKEFIELD_INSTALLATION: installation,
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  OPS_HOST: z.string().min(1).default('127.0.0.1'),
  OPS_PORT: listenPort.default(0),
} as const;

function unit(factors: Readonly<Record<string, number>>, text: string, fallback: number): number {
  return factors[text.replace(/^[\d.\s]+/, '')] ?? fallback;
}
