import type { Transport } from '@wakefield/control';
import type { SlurmSshConfig } from '../config/slurm-ssh.ts';
import { reachRemedy } from './remedies.ts';
import { bad, type Finding, good, messageOf } from './terminal.ts';

/**
 * Whether channels can be opened through the ssh server: one is opened to a port of its own on which probably
 * nobody listens. Its word that nobody does is as good as a connection.
 */
export async function checkTransport(
  config: SlurmSshConfig,
  transport: Transport,
): Promise<Finding> {
  const what = `transport ${config.transport.kind}`;
  if (config.transport.kind === 'direct')
    return good(what, 'only a job can show it (--submit); nodes must be reachable from here');
  try {
    const address = { host: '127.0.0.1', port: config.ports.from };
    const socket = await transport.connect(address, AbortSignal.timeout(config.timeouts.connect));
    socket.destroy();
    return good(what, 'the ssh server forwards');
  } catch (error) {
    const words = messageOf(error);
    if (/refused|connect failed/i.test(words)) return good(what, 'the ssh server forwards');
    return bad(what, words, reachRemedy(config.transport.kind, words));
  }
}
