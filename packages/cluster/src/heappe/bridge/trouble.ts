/**
 * What HEAppE's words about a request to a node mean.
 * - `no_tunnel`   it has no tunnel for us (it was restarted, or closed it): no engine has seen the request
 * - `stale`       its tunnel leads nowhere, the ssh connection below is gone: no engine has seen the request
 * - `not_running` the task is not running, or there is none
 * - `node_error`  the engine answered with another status than 200; `said` is its body, where HEAppE tells it
 * - `signed_out`  our session is over
 * - `forbidden`   we may not do that
 * - `invalid`     HEAppE does not take the request as it is
 * - `engine_gone` nothing answers at the node, or it broke off
 * - `silent`      HEAppE does not answer, or cannot reach its cluster: nothing is known of the engine
 * - `timeout`     the engine took longer than HEAppE waits
 * - `busy`        it wants fewer requests
 * - `too_large`   the request is longer than it takes
 * - `failed`      it failed in a way of its own
 */
export type Trouble =
  | 'no_tunnel'
  | 'stale'
  | 'not_running'
  | 'node_error'
  | 'signed_out'
  | 'forbidden'
  | 'invalid'
  | 'engine_gone'
  | 'silent'
  | 'timeout'
  | 'busy'
  | 'too_large'
  | 'failed';

/**
 * Texts, most of them keys of Exceptions/Resources/ExceptionsMessages.en.resx: HttpPostToJobNodeStream writes the
 * key, the other calls what is behind it (RestApi/Controllers/DataTransferController.cs, RestApi/ExceptionMiddleware.cs).
 */
const meanings: readonly (readonly [Trouble, RegExp])[] = [
  ['no_tunnel', /^NoActive(Connection|Tunnel)/],
  ['no_tunnel', /does not have an active (SSH tunnel|connection)/],
  // .NET: the port of the tunnel inside of HEAppE. An engine that refuses is one that ends the stream prematurely.
  ['stale', /^Connection refused \((localhost|127\.0\.0\.1|\[::1\]):\d+\)/],
  ['not_running', /^(NotRunningTask|NotExistingTaskInfo)/],
  ['not_running', /is not a currently running task|^Requested task info .* does not exist/],
  ['node_error', /^ResponseNotOk/],
  ['node_error', /^Response code for Http(Get| request) is not 200/],
  ['signed_out', /^(Expired|NotPresent|Unauthorized|SessionCodeNotValid)$/],
  ['signed_out', /^Session code '.*' (already expired|is not present)/],
  // Before 6.2 no session is a broken rule (InputValidator/SessionCodeValidator.cs).
  ['signed_out', /^Validation failed: SessionCode (cannot be empty|has wrong format)/],
  ['forbidden', /^(MissingRole|Access denied|ProjectNotFound)/],
  ['invalid', /^Validation failed/],
];

/** Of one of HEAppE's error texts; what it has no word for comes from the connection to the engine. */
export function troubleIn(text: string): Trouble {
  const words = text.trim();
  return meanings.find(([, pattern]) => pattern.test(words))?.[0] ?? 'engine_gone';
}

/** What may be wrong on our side, so that asking again helps; no engine has seen the request then. */
export type Repair = 'no_tunnel' | 'stale' | 'signed_out';

export function repairOf(trouble: Trouble): Repair | null {
  return trouble === 'no_tunnel' || trouble === 'stale' || trouble === 'signed_out'
    ? trouble
    : null;
}

/** Whether the tunnel has to be asked for again before the next request. */
export function isOfTunnel(trouble: Trouble): boolean {
  return (
    trouble === 'no_tunnel' ||
    trouble === 'stale' ||
    trouble === 'not_running' ||
    trouble === 'silent'
  );
}
