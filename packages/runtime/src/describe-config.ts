import { Secret } from './secret.ts';

/** A configuration as one log line may show it: no secrets, no passwords in URLs. */
export function describeConfig(config: unknown): unknown {
  if (config instanceof Secret) return String(config);
  if (typeof config === 'string') return withoutPassword(config);
  if (Array.isArray(config)) return config.map(describeConfig);
  if (typeof config !== 'object' || config === null) return config;
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [name, describeConfig(value)]),
  );
}

/** Masks the passwords of all URLs in a text. */
export function withoutPassword(text: string): string {
  return text.replaceAll(/([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s@]+@/gi, '$1:[secret]@');
}
