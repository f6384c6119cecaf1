/**
 * Puts a line above Swagger UI: sign in, or who is signed in. The browser sends its session with what is tried out by
 * itself; no token ever reaches a script. Texts are set as text, never as HTML.
 */
export const signInScript = `(async () => {
  const answer = await fetch('/auth/session', { headers: { accept: 'application/json' } });
  if (!answer.ok) return;
  const { sign_in: issuers, user } = await answer.json();
  if (issuers.length === 0) return;
  const bar = document.createElement('form');
  bar.method = 'post';
  bar.action = '/auth/logout';
  bar.id = 'sign-in';
  bar.style.cssText = 'display:flex;gap:1rem;justify-content:flex-end;align-items:center;padding:.6rem 1.5rem;background:#1b1b1b;color:#fff;font:14px system-ui,sans-serif';
  const add = (name, text, more) => {
    const made = Object.assign(document.createElement(name), { textContent: text }, more);
    if (name !== 'span') made.style.cssText = 'color:#fff;background:#1d4ed8;border:0;border-radius:.4rem;padding:.4rem .8rem;text-decoration:none;font:inherit;cursor:pointer';
    bar.append(made);
  };
  if (user === null) {
    for (const { name, title } of issuers)
      add('a', 'Sign in: ' + title, { href: '/auth/login?issuer=' + encodeURIComponent(name) + '&return_to=%2Fswagger%2Findex.html' });
  } else {
    const grants = user.grants.map(({ project, role }) => project + ' (' + role + ')').join(', ');
    add('span', user.id + ': ' + (grants === '' ? 'no projects' : grants));
    add('button', 'Sign out', { type: 'submit' });
  }
  document.body.prepend(bar);
})();
`;
