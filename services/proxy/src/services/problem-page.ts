/** All that the page needs. */
export const pagePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** What a person is told on the origin of a service. */
export interface Problem {
  readonly title: string;
  readonly message: string;
  readonly requestId: string;
  /** Where to open the service again; null: nothing is known that would lead there. */
  readonly openAgain: string | null;
}

/** A page without scripts, and without anything of the service. */
export function problemPage({ title, message, requestId, openAgain }: Problem): string {
  const again =
    openAgain === null ? '' : `<p><a href="${escaped(openAgain)}">Open the service again</a></p>\n`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Wakefield: ${escaped(title)}</title>
<style>
:root { color-scheme: light dark; font-family: system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: Canvas; color: CanvasText; }
main { width: min(32rem, 90vw); }
small { opacity: .7; }
</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
<p role="alert">${escaped(message)}</p>
${again}<p><small>${escaped(requestId)}</small></p>
</main>
</body>
</html>
`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text as HTML shows it, in elements and attributes alike. */
function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (sign) => entities[sign] ?? '');
}
