import type { IncomingHttpHeaders } from 'node:http';
import { type FoundService, type ReadyService, tellOthers } from './find-service.ts';
import type { ServiceParts } from './parts.ts';
import { type Passed, tellAway } from './passed.ts';
import { fromService } from './service-headers.ts';
import type { ServicePlace } from './service-place.ts';
import type { ServiceRecord } from './service-record.ts';

/** Somebody's way to a service. */
interface Way {
  readonly ready: ReadyService;
  readonly found: FoundService;
  readonly place: ServicePlace;
  readonly record: ServiceRecord;
}

/** What becomes of what comes back from a service, be it an answer or a session. */
export function returning(
  parts: ServiceParts,
  passed: Passed,
  { ready, found, place, record }: Way,
) {
  return {
    headersOf: (headers: IncomingHttpHeaders): IncomingHttpHeaders => {
      record.answered();
      return {
        ...fromService(headers, place, passed.requestId, passed.visited === null),
        ...record.rateHeaders,
        ...tellOthers(found),
      };
    },
    failed: (error: Error): void => {
      record.refused();
      tellAway(parts, passed, ready, error);
    },
    traffic: record,
  };
}
