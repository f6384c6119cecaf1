import {
  type LogWish,
  logWish,
  parseInput,
  type ServiceLogJson,
  serviceLogsQuery,
} from '@wakefield/contracts';
import type { KnownLog, ServiceWithJobs } from '@wakefield/control';
import type { Job } from '@wakefield/domain';
import type { Response } from 'express';
import type { ApiDeps } from '../../../deps.ts';
import type { Binder } from '../../../http/bind.ts';
import { principalOf } from '../../../http/context.ts';
import { isoOrNull } from '../../../http/iso.ts';
import { findService } from '../find.ts';
import { currentLog, jobOfLog, noteOn } from './current.ts';
import { positionText, readPosition } from './events.ts';
import { lastPart, textOf } from './part.ts';
import { createReaders } from './readers.ts';
import { followLog, isAllTold, type StreamDeps } from './stream.ts';

/** Of what was read; more is in a header of an answer for people than they look at. */
const LONGEST_NOTE = 300;

export type ServiceLogDeps = StreamDeps & Pick<ApiDeps, 'metrics'>;

export function serviceLogRoutes({ bind }: Binder, deps: ServiceLogDeps): void {
  const followers = createReaders('followed');
  const waiters = createReaders('waited for');
  deps.metrics.gauge({
    name: 'wakefield_log_readers',
    help: 'Streams of logs that are open (follower), and requests for which a log is read just now (waiter).',
    labelNames: ['kind'],
    collect() {
      this.set({ kind: 'follower' }, followers.count());
      this.set({ kind: 'waiter' }, waiters.count());
    },
  });

  bind('getServiceLogs', async (req, res) => {
    const wish = logWish(parseInput(serviceLogsQuery, req.query, 'query'));
    const found = await findService(deps, req, res, 'getServiceLogs');
    if (!wish.follow) {
      const waiter = {
        enter: () => waiters.enter(principalOf(res).id),
        isOff: () => res.closed || deps.ending.aborted,
      };
      const job = jobOfLog(found.jobs);
      const known = job === null ? null : await currentLog(deps, job.id, waiter);
      const type = req.accepts(['text/plain', 'application/json']);
      answerOnce(res, type, found, presentLog(job, known, wish));
      return;
    }
    const last = readPosition(req.get('last-event-id'));
    if (await isAllTold(deps, found, last)) {
      res.status(204).end();
      return;
    }
    const leave = followers.enter(principalOf(res).id);
    try {
      res.set({ 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' });
      if (req.method === 'HEAD') res.end();
      else await followLog(deps, res, found, { ...wish, last });
    } finally {
      leave();
    }
  });
}

type ShownLog = Omit<ServiceLogJson, 'id' | 'uuid'>;

function answerOnce(
  res: Response,
  type: string | false,
  { service }: ServiceWithJobs,
  log: ShownLog,
): void {
  if (type === 'application/json') {
    res.json({ id: service.clusterJobId ?? service.id, uuid: service.id, ...log });
    return;
  }
  res.set({
    ...(log.job_id === null ? {} : { 'X-Log-Job-Id': log.job_id }),
    ...(log.truncated ? { 'X-Log-Truncated': 'true' } : {}),
    ...(log.over ? { 'X-Log-Over': 'true' } : {}),
    ...(log.position === null ? {} : { 'X-Log-Position': log.position }),
    ...(log.note === null ? {} : { 'X-Log-Note': headerText(log.note) }),
  });
  res.type('text/plain').send(log.log);
}

function presentLog(job: Job | null, known: KnownLog | null, wish: LogWish): ShownLog {
  const part = known === null ? { from: 0, bytes: Buffer.alloc(0) } : lastPart(known, wish);
  const offset = known?.source === 'job' ? known.to : null;
  return {
    job_id: job?.clusterJobId ?? null,
    log: textOf(part.bytes),
    truncated: part.from > 0,
    over: known?.isOver ?? false,
    read_at: isoOrNull(known?.readAt ?? null),
    position: job === null || offset === null ? null : positionText({ seq: job.seq, offset }),
    note: noteOn(job, known),
  };
}

/** Clusters say whatever they say; a header takes printable ASCII. */
function headerText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, LONGEST_NOTE);
}
