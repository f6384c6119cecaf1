import pino, { type DestinationStream, type Logger as PinoLogger } from 'pino';
import { errorRecord } from './error-record.ts';

/** JSON lines on stdout. Messages are constant texts, whatever varies is a field. */
export type Logger = PinoLogger;

export interface LoggerOptions {
  /** `api`, `scheduler`, `proxy`, … */
  readonly service: string;
  readonly level?: string;
  /** Where lines go; standard output when absent. */
  readonly destination?: DestinationStream;
}

/** Field names whose values never reach a log, wherever they sit within three levels. */
const secretFields = [
  'authorization',
  'Authorization',
  'cookie',
  'set-cookie',
  'password',
  'passphrase',
  'privateKey',
  'secret',
  'token',
  'apiKey',
  'api_key',
  'engineKey',
  'secretFiles',
  'API_LOCAL_KEY',
  // What people ask and are told is theirs.
  'messages',
  'prompt',
  'input',
  'completion',
  'choices',
] as const;

/** The root logger of a process. `err` fields are written with their whole chain of causes. */
export function createLogger({ service, level = 'info', destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: errorRecord, error: errorRecord },
    redact: {
      paths: secretFields.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]),
      censor: '[secret]',
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
