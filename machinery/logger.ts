/** Structured logging: a constant message, the rest as fields, one line per decision. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
}

const order: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

export interface LoggerOptions {
  level: LogLevel;
  /** Takes one finished line, without line end. */
  write: (line: string) => void;
  now: () => number;
  fields?: LogFields;
}

/** Lines are logfmt: `2026-11-21T07:39:00.123Z info  message key=value`. */
export function createLogger(options: LoggerOptions): Logger {
  const log = (level: LogLevel) => (message: string, fields?: LogFields): void => {
    if (order.indexOf(level) < order.indexOf(options.level)) return;
    const all = { ...options.fields, ...fields };
    const text = Object.entries(all).map(([key, value]) => `${key}=${formatField(value)}`).join(' ');
    options.write(`${new Date(options.now()).toISOString()} ${level.padEnd(5)} ${message}${text ? ` ${text}` : ''}`);
  };
  return {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    child: (fields) => createLogger({ ...options, fields: { ...options.fields, ...fields } }),
  };
}

/** Errors with their causes; objects as JSON; text quoted only where it has blanks. */
function formatField(value: unknown): string {
  if (value instanceof Error) {
    const cause = value.cause === undefined ? '' : ` (cause: ${formatField(value.cause)})`;
    return JSON.stringify(`${value.message}${cause}`);
  }
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  if (value === undefined) return 'undefined';
  return JSON.stringify(value);
}

export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};
