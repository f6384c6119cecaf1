import { escapeHtml } from '../../http/escape-html.ts';

/** What the login page needs of the content security policy: its own styles and its own form. */
export const loginPagePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'";

/** How one can come in here. */
export interface WaysIn {
  /** By the static key. */
  readonly key: boolean;
  readonly issuers: readonly { readonly name: string; readonly title: string }[];
}

/** A form that works without scripts. */
export function loginPage(problem: string | null, ways: WaysIn): string {
  const alert = problem === null ? '' : `<p role="alert">${problem}</p>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Wakefield: log in</title>
<style>
:root { color-scheme: light dark; font-family: system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: Canvas; color: CanvasText; }
main { width: min(24rem, 90vw); }
h1 { font-size: 1.4rem; margin: 0 0 .25rem; }
p { margin: 0 0 1rem; opacity: .8; }
[role=alert] { color: #c2410c; opacity: 1; }
label { display: block; font-weight: 600; margin-bottom: .25rem; }
input, button, a.button { font: inherit; width: 100%; box-sizing: border-box; padding: .6rem .7rem; border-radius: .5rem; border: 1px solid #8888; }
input { background: Field; color: FieldText; }
a.button { display: block; text-align: center; text-decoration: none; }
button, a.button { margin-top: .8rem; border: 0; background: #1d4ed8; color: #fff; font-weight: 600; cursor: pointer; }
</style>
</head>
<body>
<main>
<h1>Wakefield queues</h1>
${linksOf(ways)}${alert}
${ways.key ? keyForm : ''}</main>
</body>
</html>
`;
}

function linksOf({ issuers }: WaysIn): string {
  return issuers
    .map(({ name, title }) => {
      const href = `/auth/login?issuer=${encodeURIComponent(name)}&amp;return_to=%2Fops%2Fqueues`;
      return `<p><a class="button" href="${href}">Sign in: ${escapeHtml(title)}</a></p>\n`;
    })
    .join('');
}

const keyForm = `<p>Log in with the key of this installation: <code>npm start</code> prints it and keeps it in <code>.wakefield/api-key</code>; elsewhere it is the API_LOCAL_KEY of the api.</p>
<form method="post" action="/ops/login">
<input type="text" name="username" value="operator" autocomplete="username" hidden>
<label for="key">Key</label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus>
<button type="submit">Log in</button>
</form>
`;
