import type { IncomingHttpHeaders } from 'node:http';
import type { ServiceId } from '@wakefield/domain';

/** Origins on which pages of services may do as they like: one for each, none of them that of our own pages. */
export interface ServiceOrigins {
  /** Whether browsers speak to them over https. */
  readonly secure: boolean;
  /** Without a slash at the end. */
  urlOf(id: ServiceId): string;
  /** Whose origin a request was sent to; null: to another host of ours. */
  idOf(headers: IncomingHttpHeaders): ServiceId | null;
}

const idForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether it names an origin for each service: `https://*.services.example.org`. */
export function isServicesUrl(url: string): boolean {
  return /^https?:\/\/\*\.[a-z0-9.-]+(?::\d{1,5})?\/?$/i.test(url) && URL.canParse(url);
}

/** @param url with `*` in the place of a service's id */
export function createServiceOrigins(url: string): ServiceOrigins {
  const { protocol, host } = new URL(url);
  const suffix = host.slice(1);
  return {
    secure: protocol === 'https:',
    urlOf: (id) => `${protocol}//${id}${suffix}`,
    idOf: (headers) => {
      const asked = headers['x-forwarded-host'] ?? headers.host;
      if (typeof asked !== 'string' || !URL.canParse(`${protocol}//${asked}`)) return null;
      // The port that belongs to the protocol may be said or not.
      const known = new URL(`${protocol}//${asked}`).host;
      const id = known.slice(0, -suffix.length);
      return known.endsWith(suffix) && idForm.test(id) ? id : null;
    },
  };
}
