import { API_VERSION } from '@wakefield/contracts';
import { defaultLimitRules, type LimitRules } from '@wakefield/domain';
import type { Config } from './config.ts';
import { longestBodyMs } from './inference/read-body.ts';
import type { ProxySettings } from './proxy.ts';

/** Balancers close after 60 s, the api after 75 s: there is time in between for a request to arrive. */
const apiIdleMs = 30_000;
/** A body that is too slow is told so in the envelope; the server's own limit comes after that. */
const afterBodyMs = 30_000;

/** The proxy's settings: what the configuration says, and what nobody needs to turn. */
export function settingsOf(
  config: Config,
  proxyId: string,
  version: string,
  limits: LimitRules = defaultLimitRules,
  publicUrl: string | null = null,
): ProxySettings {
  return {
    proxyId,
    version,
    apiVersion: API_VERSION,
    apiUrl: config.apiUrl,
    apiIdleMs,
    trustedProxies: config.trustedProxies,
    servicesUrl: config.servicesUrl,
    publicUrl,
    serviceRightsMs: 180_000,
    servicesAtOnce: config.servicesAtOnce,
    held: config.held,
    limits,
    limitsMs: 250,
    bodyRoomBytes: config.bodyRoomBytes,
    usageLeftAlone: config.usage.leftAlone,
    inference: {
      body: config.body,
      times: config.times,
      holdMs: config.holdMs,
      placeMs: limits.queue?.waitMs ?? config.holdMs,
      earlyHeadersMs: 1000,
      commentMs: 5000,
      stallMs: config.stallMs,
      sessionIdleMs: config.sessionIdleMs,
    },
    door: {
      ...config.door,
      requestTimeoutMs: config.door.headersTimeoutMs + longestBodyMs(config.body) + afterBodyMs,
      stallMs: config.stallMs,
      lingerMs: 2000,
    },
    fastPath: config.fastPath,
    wake: { resendMs: [3000, 5000, 10_000, 15_000], afterFailureMs: 1000 },
    sweepMs: 5000,
    demandMs: 1000,
    tickMs: 250,
    drainDelayMs: config.drainDelayMs,
    drainMs: config.drainMs,
    endedGraceMs: 2000,
    endedQuietMs: 20_000,
  };
}
