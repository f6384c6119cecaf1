import { BindingError } from './heappe-error.ts';

type Errors = Map<string, string[]>;

/**
 * Reads a JSON object as System.Text.Json binds it: names without regard to case, unknown ones ignored, missing ones
 * their type's default; wrong types and lengths are collected and answered together.
 */
export class Fields {
  private readonly values: ReadonlyMap<string, unknown>;
  private readonly path: string;
  private readonly errors: Errors;

  constructor(value: unknown, path: string, errors: Errors) {
    const entries = isObject(value) ? Object.entries(value) : [];
    this.values = new Map(entries.map(([name, entry]) => [name.toLowerCase(), entry]));
    this.path = path;
    this.errors = errors;
  }

  private get(name: string): unknown {
    return this.values.get(name.toLowerCase()) ?? null;
  }

  private at(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }

  private fail(path: string, text: string): void {
    this.errors.set(path, [...(this.errors.get(path) ?? []), text]);
  }

  private wrongType(name: string, type: string): null {
    const path = `$.${this.at(name)}`;
    this.fail(path, `The JSON value could not be converted to ${type}. Path: ${path}.`);
    return null;
  }

  /** [StringLength(max)]. */
  text(name: string, max = Number.POSITIVE_INFINITY): string | null {
    const value = this.get(name);
    if (value === null) return null;
    if (typeof value !== 'string') return this.wrongType(name, 'System.String');
    if (value.length > max) {
      this.fail(
        this.at(name),
        `The field ${name} must be a string with a maximum length of ${max}.`,
      );
    }
    return value;
  }

  /** [Required] as well. */
  requiredText(name: string, max = Number.POSITIVE_INFINITY): string {
    const value = this.text(name, max);
    if (value === null || value.trim() === '') {
      this.fail(this.at(name), `The ${name} field is required.`);
    }
    return value ?? '';
  }

  optionalNumber(name: string): number | null {
    const value = this.get(name);
    if (value === null) return null;
    if (typeof value !== 'number') return this.wrongType(name, 'System.Int64');
    return value;
  }

  /** A number that is no nullable type: 0 when it is missing. */
  number(name: string): number {
    return this.optionalNumber(name) ?? 0;
  }

  optionalFlag(name: string): boolean | null {
    const value = this.get(name);
    if (value === null) return null;
    if (typeof value !== 'boolean') return this.wrongType(name, 'System.Boolean');
    return value;
  }

  flag(name: string, fallback = false): boolean {
    return this.optionalFlag(name) ?? fallback;
  }

  object(name: string): Fields | null {
    const value = this.get(name);
    if (value === null) return null;
    if (!isObject(value)) return this.wrongType(name, 'System.Object');
    return new Fields(value, this.at(name), this.errors);
  }

  objects<T>(name: string, read: (item: Fields) => T): readonly T[] | null {
    const value = this.get(name);
    if (value === null) return null;
    if (!Array.isArray(value)) return this.wrongType(name, 'System.Array');
    return value.map((item, index) =>
      read(new Fields(item, `${this.at(name)}[${index}]`, this.errors)),
    );
  }

  texts(name: string, max: number): readonly string[] | null {
    const value = this.get(name);
    if (value === null) return null;
    if (!Array.isArray(value)) return this.wrongType(name, 'System.String[]');
    for (const item of value) {
      if (typeof item !== 'string') this.wrongType(name, 'System.String');
      else if (item.length > max)
        this.fail(
          this.at(name),
          `The field ${name} must be a string with a maximum length of ${max}.`,
        );
    }
    return value.filter((item) => typeof item === 'string');
  }
}

/** @throws BindingError when anything did not bind */
export function bind<T>(body: unknown, read: (fields: Fields) => T): T {
  const errors: Errors = new Map();
  if (!isObject(body)) {
    throw new BindingError({ '': ['A non-empty request body is required.'] });
  }
  const value = read(new Fields(body, '', errors));
  if (errors.size > 0) throw new BindingError(Object.fromEntries(errors));
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
