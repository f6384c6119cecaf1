import type { Metrics } from '@wakefield/runtime';

/**
 * What comes of a link by which a browser visits a service.
 * - `invited`    it was given
 * - `refused`    it was not: its caller has too many
 * - `begun`      a visit began by it
 * - `link_unfit` it was used before, or too old
 */
type VisitStep = 'invited' | 'refused' | 'begun' | 'link_unfit';

/** Figures of what is passed on without a look: sessions, and whatever goes to services. */
export interface PassingMetrics {
  /** Bytes of a session: up from its client, down to it. */
  passed(direction: 'up' | 'down', bytes: number): void;
  /** The same of a request to a service, or of a session with it. */
  passedToService(direction: 'up' | 'down', bytes: number): void;
  /** Somebody asked for a link to a service, or came by one. */
  visit(step: VisitStep): void;
  /** A session with a service is over. */
  serviceSession(seconds: number): void;
  /** The same of a session with the api. */
  passedToApi(direction: 'up' | 'down', bytes: number): void;
  /** A session with the api is over. */
  apiSession(seconds: number): void;
}

export function createPassingMetrics(metrics: Metrics): PassingMetrics {
  const visits = metrics.counter({
    name: 'wakefield_service_visits_total',
    help: 'Links by which browsers visit services: given, refused as there are too many, used, and unfit when they came.',
    labelNames: ['step'],
  });
  const serviceSeconds = metrics.counter({
    name: 'wakefield_service_session_seconds_total',
    help: 'How long sessions with services have lasted, those that are over.',
  });
  const apiSeconds = metrics.counter({
    name: 'wakefield_api_session_seconds_total',
    help: 'How long sessions with the management API have lasted, those that are over.',
  });
  return {
    passed: countBytes(metrics, {
      name: 'wakefield_session_bytes_total',
      help: 'Bytes of realtime sessions: up from clients to engines, down from engines to clients.',
    }),
    passedToService: countBytes(metrics, {
      name: 'wakefield_service_bytes_total',
      help: 'Bytes of requests to services and of sessions with them: up from clients, down to them.',
    }),
    passedToApi: countBytes(metrics, {
      name: 'wakefield_api_session_bytes_total',
      help: 'Bytes of sessions with the management API: up from clients, down to them.',
    }),
    visit: (step) => visits.labels(step).inc(),
    serviceSession: (seconds) => serviceSeconds.inc(seconds),
    apiSession: (seconds) => apiSeconds.inc(seconds),
  };
}

/** Its children are looked up once: this is done for each piece that passes. */
function countBytes(
  metrics: Metrics,
  about: { readonly name: string; readonly help: string },
): PassingMetrics['passed'] {
  const counter = metrics.counter({ ...about, labelNames: ['direction'] });
  const [up, down] = [counter.labels('up'), counter.labels('down')];
  return (direction, bytes) => (direction === 'up' ? up : down).inc(bytes);
}
