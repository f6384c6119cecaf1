/** ISO 8601; without a zone where it comes from SQL Server, which keeps none. */
export function date(value: number | null, withZone: boolean): string | null {
  if (value === null) return null;
  const text = new Date(value).toISOString();
  return withZone ? text : text.slice(0, -1);
}
