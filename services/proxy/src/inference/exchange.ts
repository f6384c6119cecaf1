import type {
  AppError,
  Endpoint,
  EpochMs,
  JobId,
  ModelId,
  ProjectName,
  Route,
} from '@wakefield/domain';
import { Attempt, type AttemptOwner, type Loss } from './attempt.ts';
import { type InferenceCall, isStreamed } from './call.ts';
import { engineHeaders, preferredWaitSeconds } from './headers.ts';
import type { Held } from './hold-room.ts';
import { scanBody } from './model-name.ts';
import type { InferenceParts } from './parts.ts';
import { readBody } from './read-body.ts';
import { ExchangeRecord } from './record.ts';
import { refusals } from './refusals.ts';
import type { RelayEnd } from './relay.ts';
import { Reply } from './reply.ts';

/**
 * Engines that may see one request: the first, and two more when nothing came of it. Inference changes nothing,
 * so asking again is safe (RFC 9110 §9.2.2) as long as the client has seen nothing of an answer.
 */
const maxAttempts = 3;
/** An engine that dies over a request may have died of it: one more is asked, not two. */
const maxLost = 2;
/** SDKs repeat a 502 twice by themselves, and each time would cost as many engines again. */
const doNotRepeat = { 'x-should-retry': 'false' } as const;

const noBody = Buffer.alloc(0);

/**
 * One inference request from its first byte to its last: read, find the route, hold until there is an endpoint,
 * forward, and tell what became of it. Everything it needs is in memory.
 */
export class Exchange implements Held, AttemptOwner {
  modelId: ModelId = '';
  readonly #parts: InferenceParts;
  readonly #call: InferenceCall;
  readonly #reply: Reply;
  readonly #record: ExchangeRecord;
  readonly #tried = new Set<JobId>();
  #model = '';
  #streamed = false;
  #body: Buffer = noBody;
  #attempts = 0;
  #lost = 0;
  #attempt: Attempt | null = null;
  #endpoint: Endpoint | null = null;
  #isHeld = false;
  #heldSince: EpochMs = 0;
  #deadline: EpochMs = 0;
  #commentedAt: EpochMs = 0;
  #caughtUp = false;
  #over = false;

  constructor(parts: InferenceParts, call: InferenceCall, onOver: (exchange: Exchange) => void) {
    this.#parts = parts;
    this.#call = call;
    this.#reply = new Reply(call.response, call.requestId, () => this.#dropBody());
    this.#record = new ExchangeRecord(parts, call);
    call.response.once('close', () => {
      if (!this.#over) this.#clientLeft();
      onOver(this);
    });
  }

  get project(): ProjectName {
    return this.#call.project;
  }

  begin(): void {
    const { request, response } = this.#call;
    const { bodies, limits } = this.#parts;
    const share = bodies.shareOf(this.project);
    readBody(request, response, limits.body, share, (result) => this.#read(result));
  }

  /** Ends what has not ended by itself; the process goes away. */
  shutDown(): void {
    if (this.#over) return;
    const atBoundary = this.#attempt?.atBoundary ?? false;
    this.#attempt?.cancel();
    this.#stopRunning();
    this.#leave('refused');
    const error = refusals.shuttingDown();
    if (this.#reply.firstByteAt === null) this.#refuse(error);
    else {
      if (atBoundary) this.#reply.event(error);
      else this.#reply.cutOff();
      this.#finish('cut');
    }
  }

  checkStall(): void {
    this.#reply.checkStall();
  }

  look(): void {
    if (this.#isHeld) this.#proceed();
  }

  tick(now: EpochMs): void {
    if (!this.#isHeld) return;
    const route = this.#route();
    if (now >= this.#deadline && route !== null) {
      this.#leave('refused');
      this.#refuse(refusals.modelLoading(route));
    } else if (this.#streamed) this.#comfort(now, route?.state ?? 'not_loaded');
  }

  answered(): void {
    const jobId = this.#endpoint?.jobId ?? '';
    if (this.#parts.suspects.clear(jobId)) this.#parts.holds.kick(this.modelId);
  }

  hasAlternative(): boolean {
    if (this.#attempts + 1 >= maxAttempts) return false;
    const others = this.#route()?.endpoints ?? [];
    return others.some(({ jobId }) => jobId !== this.#endpoint?.jobId && !this.#tried.has(jobId));
  }

  lost(loss: Loss, cause: unknown): void {
    const jobId = this.#endpoint?.jobId ?? '';
    this.#stopRunning();
    if (this.#over) return;
    this.#record.lost(loss, jobId, cause);
    if (loss === 'unsendable') {
      this.#refuse(refusals.unsendable());
      return;
    }
    if (loss === 'lost') this.#lost += 1;
    else this.#parts.suspects.mark(jobId);
    if (loss !== 'refused') {
      this.#attempts += 1;
      this.#tried.add(jobId);
    }
    if (this.#lost >= maxLost) this.#refuse(refusals.deadly(), doNotRepeat);
    else if (this.#attempts >= maxAttempts) this.#refuse(refusals.noEngine());
    else this.#proceed();
  }

  done(end: RelayEnd): void {
    this.#stopRunning();
    if (end.usage !== null) this.#record.usage = end.usage;
    this.#finish(end.outcome);
  }

  #read(result: Buffer | AppError): void {
    if (Buffer.isBuffer(result)) this.#body = result;
    if (this.#over) this.#dropBody();
    else if (Buffer.isBuffer(result)) this.#scan(result);
    else this.#refuse(result);
  }

  #scan(result: Buffer): void {
    const scan = scanBody(result);
    if (!scan.valid) this.#refuse(refusals.brokenJson());
    else if (scan.model === null || scan.model === '') this.#refuse(refusals.modelMissing());
    else {
      this.#model = scan.model;
      this.#streamed = isStreamed(this.#call.operation, scan.stream);
      this.#record.asked(scan.model, this.#streamed);
      this.#proceed();
    }
  }

  #route(): Route | null {
    return this.#parts.routes()?.find(this.#call.project, this.#model) ?? null;
  }

  /** Decides with the newest table, at first and whenever something has changed. */
  #proceed(): void {
    const route = this.#route();
    if (route === null && !this.#caughtUp) {
      this.#caughtUp = true;
      void this.#parts.catchUp().then(() => this.#over || this.#proceed());
      return;
    }
    const endpoint = route === null ? null : this.#parts.suspects.choose(route, this.#tried);
    if (route !== null && endpoint === null && !isFailed(route)) {
      this.#stay(route);
      return;
    }
    this.#leave(endpoint === null ? 'refused' : 'served');
    if (route === null) this.#refuse(refusals.modelNotFound(this.#call.project, this.#model));
    else if (endpoint === null) this.#refuse(refusals.modelFailed(route));
    else this.#forward(route, endpoint);
  }

  #forward(route: Route, endpoint: Endpoint): void {
    this.modelId = route.modelId;
    this.#endpoint = endpoint;
    this.#parts.demand.begin(route.modelId, endpoint.jobId);
    const { request, requestId, path } = this.#call;
    const attempt = new Attempt(this.#reply, requestId, this);
    this.#attempt = attempt;
    const engineRequestId = this.#record.sent(route, endpoint.jobId);
    const headers = engineHeaders(request, endpoint.engineKey, engineRequestId);
    this.#parts.pools.post(endpoint, { path, headers, body: this.#body }, attempt);
  }

  #stay(route: Route): void {
    if (route.idle) this.#parts.wakes.poke(route, this.#record.traceId);
    if (this.#isHeld) return;
    this.modelId = route.modelId;
    const now = this.#parts.now();
    if (this.#deadline === 0) this.#startWaiting(now);
    if (now >= this.#deadline) {
      this.#parts.demand.touch(this.modelId);
      this.#refuse(refusals.modelLoading(route));
      return;
    }
    const refusal = this.#parts.holds.enter(this);
    if (refusal !== null) {
      this.#refuse(refusals.tooManyHeld(refusal));
      return;
    }
    this.#isHeld = true;
    this.#parts.demand.hold(this.modelId);
  }

  /** All waits of a request together may take the hold time, or the shorter one that the client prefers. */
  #startWaiting(now: EpochMs): void {
    const preferred = preferredWaitSeconds(this.#call.request.headers.prefer);
    const longest = this.#parts.limits.holdMs;
    this.#heldSince = now;
    this.#deadline = now + Math.min(longest, preferred === null ? longest : preferred * 1000);
  }

  #comfort(now: EpochMs, state: Route['state']): void {
    const { earlyHeadersMs, commentMs } = this.#parts.limits;
    if (
      this.#reply.early
        ? now - this.#commentedAt < commentMs
        : now - this.#heldSince < earlyHeadersMs
    ) {
      return;
    }
    if (!this.#reply.early) this.#reply.openEarly();
    this.#commentedAt = now;
    const elapsed = Math.round((now - this.#heldSince) / 1000);
    this.#reply.comment(`wakefield state=${state} elapsed=${elapsed}s`);
  }

  #leave(outcome: 'served' | 'refused' | 'left'): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#parts.holds.leave(this);
    this.#parts.demand.release(this.modelId);
    this.#record.held(this.#parts.now() - this.#heldSince, outcome);
  }

  #stopRunning(): void {
    if (this.#attempt === null || this.#endpoint === null) return;
    this.#attempt = null;
    this.#parts.demand.end(this.modelId, this.#endpoint.jobId);
  }

  #clientLeft(): void {
    this.#attempt?.cancel();
    this.#stopRunning();
    this.#leave('left');
    this.#finish('client_left');
  }

  #refuse(error: AppError, headers?: Readonly<Record<string, string>>): void {
    this.#reply.fail(error, headers);
    this.#finish('refused', error);
  }

  #dropBody(): void {
    this.#parts.bodies.shareOf(this.project).give(this.#body.length);
    this.#body = noBody;
  }

  #finish(outcome: RelayEnd['outcome'] | 'refused' | 'client_left', error?: AppError): void {
    if (this.#over) return;
    this.#over = true;
    this.#dropBody();
    this.#record.finish(outcome, this.#reply, error);
  }
}

function isFailed(route: Route): boolean {
  return route.state === 'failed' && route.endpoints.length === 0;
}
