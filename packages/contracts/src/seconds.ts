import { z } from 'zod';

/** Fields that count seconds, so that a refusal can say so: `"4h"` and `3` (hours?) are the common mistakes. */
const secondsFields = new WeakSet<object>();

/** A whole number of seconds, `from` to `to`. */
export function seconds(from: number, to: number): z.ZodInt {
  const field = z.int().min(from).max(to);
  secondsFields.add(field);
  return field;
}

export function countsSeconds(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && secondsFields.has(schema);
}

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** What to write instead of a time like `4h`, as a figure; otherwise an example of one. */
export function secondsExample(value: unknown): string {
  const [, figure, unit] = /^\s*(\d{1,6})\s*([smhd])/i.exec(String(value)) ?? [];
  const each = secondsOf[unit?.toLowerCase() ?? ''];
  return each === undefined ? '14400 for 4 h' : `${Number(figure) * each} for ${figure} ${unit}`;
}
