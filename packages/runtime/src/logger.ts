import pino, { type DestinationStream, type Logger as PinoLogger } from 'pino';
import { errorRecord } from './error-record.ts';
import { redact } from './redact.ts';

/** JSON lines on stdout. Messages are constant texts, whatever varies is a field. */
export type Logger = PinoLogger;

export interface LoggerOptions {
  /** `api`, `scheduler`, `proxy`, … */
  readonly service: string;
  readonly level?: string;
  /** Where lines go; standard output when absent. */
  readonly destination?: DestinationStream;
}

/** The root logger of a process. `err` fields are written with their whole chain of causes. */
export function createLogger({ service, level = 'info', destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service, pid: process.pid },
    timestamp: timeField(),
    formatters: {
      level: (label: string) => ({ level: label }),
      log: redact<Record<string, unknown>>,
    },
    serializers: { err: errorRecord, error: errorRecord },
  };
  return guardChildren(destination === undefined ? pino(options) : pino(options, destination));
}

/** As pino's isoTime, which makes the text anew for each of many lines of one millisecond. */
function timeField(): () => string {
  let at = Number.NaN;
  let field = '';
  return () => {
    const now = Date.now();
    if (now !== at) {
      at = now;
      field = `,"time":"${new Date(now).toISOString()}"`;
    }
    return field;
  };
}

/** pino runs no formatter over the fields of child loggers; children inherit this. */
function guardChildren(logger: Logger): Logger {
  const { child } = logger;
  logger.child = function (this: Logger, bindings: pino.Bindings, options?: object) {
    return child.call(this, redact(bindings), options);
  } as typeof logger.child;
  return logger;
}
