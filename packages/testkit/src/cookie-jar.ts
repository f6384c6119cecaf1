/** A browser without a window: keeps cookies by host, and follows one link at a time. */
export interface CookieJar {
  /** Fetches without following redirects. */
  ask(url: string, init?: RequestInit): Promise<Response>;
  /** Follows redirects, as far as `until` lets it. @returns the last answer, and where it came from */
  follow(
    url: string,
    until?: (location: string) => boolean,
  ): Promise<{ readonly url: string; readonly response: Response }>;
  /** What it would send, by name. */
  readonly cookies: ReadonlyMap<string, string>;
  forget(): void;
}

const mostRedirects = 10;

export function createCookieJar(): CookieJar {
  const cookies = new Map<string, string>();
  const ask = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    if (cookie !== '') headers.set('cookie', cookie);
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const [name = '', ...value] = pair.split('=');
      const gone = /max-age=0|expires=thu, 01 jan 1970/i.test(line);
      if (gone) cookies.delete(name);
      else cookies.set(name, value.join('='));
    }
    return response;
  };
  return {
    ask,
    cookies,
    forget: () => cookies.clear(),
    follow: async (url, until = () => false) => {
      let here = url;
      for (let step = 0; step < mostRedirects; step += 1) {
        const response = await ask(here);
        const location = response.headers.get('location');
        if (location === null || until(location)) return { url: here, response };
        here = new URL(location, here).href;
      }
      throw new Error(`too many redirects from ${url}`);
    },
  };
}
