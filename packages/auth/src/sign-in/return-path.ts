const pages = /^\/(swagger|ops|console|api\/v1\/services\/[^/]+\/proxy)(\/|$)/;
const fallback = '/swagger/index.html';

/**
 * Where a browser goes once it has signed in: a page of ours, whatever somebody wrote into the link. It is read as
 * browsers read it, so that no way of writing leads to another site.
 */
export function returnPath(wish: string | null | undefined): string {
  const here = 'http://here.invalid';
  if (!wish || wish.length > 500 || !URL.canParse(wish, here)) return fallback;
  const { origin, pathname, search } = new URL(wish, here);
  return origin === here && pages.test(pathname) && !pathname.includes('//')
    ? `${pathname}${search}`
    : fallback;
}
