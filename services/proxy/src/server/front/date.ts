let second = 0;
let text = '';

/** The time as HTTP writes it (RFC 9110 §5.6.7): made once in a second. */
export function httpDate(): string {
  const now = Date.now();
  const current = Math.floor(now / 1000);
  if (current !== second) {
    second = current;
    text = new Date(now).toUTCString();
  }
  return text;
}
