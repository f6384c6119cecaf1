import { benchKey, readyModel } from '../wire.ts';

/** Where a peer comes from. Pinned, so that a later run measures the same. */
type Origin =
  | { readonly registry: 'pypi'; readonly requirement: string }
  | { readonly registry: 'npm'; readonly requirement: string }
  | { readonly registry: 'none'; readonly reason: string };

/** What a peer's command line is made of. */
interface Ports {
  readonly own: number;
  /** For what it insists on beside its own. */
  readonly metrics: number;
  readonly engine: number;
}

/** Another gateway, in the simplest configuration in which it does what a gateway has to. */
export interface Peer {
  readonly name: string;
  readonly origin: Origin;
  readonly slow: boolean;
  readonly readyPath: string;
  readonly headers?: (ports: Ports) => readonly string[];
  /** Files of its configuration, by name. */
  readonly files?: (ports: Ports) => Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Its command line; the first word is a program of its environment (PyPI) or a file of its package (npm).
   * @param folder where its files are
   */
  readonly command: (ports: Ports, folder: string) => readonly string[];
}

const engineUrl = ({ engine }: Ports): string => `http://127.0.0.1:${engine}`;

/** What the three that come from one another have in common. Plenty of room: their own limits are not measured. */
const routerFlags = (ports: Ports): readonly string[] => [
  ...[
    '--host',
    '127.0.0.1',
    '--port',
    String(ports.own),
    '--prometheus-port',
    String(ports.metrics),
  ],
  ...['--worker-urls', engineUrl(ports), '--policy', 'round_robin', '--log-level', 'warn'],
  ...['--max-concurrent-requests', '100000', '--request-timeout-secs', '3600'],
];

export const peers: readonly Peer[] = [
  {
    name: 'vllm-router',
    origin: { registry: 'pypi', requirement: 'vllm-router==0.1.17' },
    slow: false,
    readyPath: '/v1/models',
    // Its key is for the engines: whoever calls is not asked for one.
    command: (ports) => [
      'vllm-router',
      ...routerFlags(ports).map((word) => (word === 'warn' ? 'warning' : word)),
    ],
  },
  {
    name: 'sglang-router',
    origin: { registry: 'pypi', requirement: 'sglang-router==0.3.2' },
    slow: false,
    readyPath: '/v1/models',
    command: (ports) => ['sglang-router', 'launch', ...routerFlags(ports), '--api-key', benchKey],
  },
  {
    name: 'smg',
    origin: { registry: 'pypi', requirement: 'smg==1.13.0' },
    slow: false,
    readyPath: '/v1/models',
    command: (ports) => [
      ...['smg', 'launch', ...routerFlags(ports), '--api-key', benchKey],
      '--disable-tokenizer-autoload',
    ],
  },
  {
    name: 'production-stack router',
    origin: {
      registry: 'none',
      reason: 'it is in no registry: what PyPI calls vllm-router is the one above',
    },
    slow: true,
    readyPath: '/health',
    command: () => [],
  },
  {
    name: 'Portkey',
    origin: { registry: 'npm', requirement: '@portkey-ai/gateway@1.15.2' },
    slow: true,
    readyPath: '/',
    headers: (ports) => [
      'x-portkey-provider: openai',
      `x-portkey-custom-host: ${engineUrl(ports)}/v1`,
    ],
    command: ({ own }) => ['build/start-server.js', `--port=${own}`, '--headless'],
  },
  {
    name: 'LiteLLM',
    origin: { registry: 'pypi', requirement: 'litellm[proxy]==1.106.2' },
    slow: true,
    readyPath: '/health/readiness',
    env: { LITELLM_LOCAL_MODEL_COST_MAP: 'True', LITELLM_LOG: 'ERROR', NO_DOCS: 'True' },
    files: (ports) => ({
      'config.yaml': `model_list:
  - model_name: ${readyModel}
    litellm_params:
      model: openai/${readyModel}
      api_base: ${engineUrl(ports)}/v1
      api_key: none
general_settings:
  master_key: ${benchKey}
litellm_settings:
  telemetry: false
`,
    }),
    command: ({ own }, folder) => [
      ...['litellm', '--config', `${folder}/config.yaml`],
      ...['--host', '127.0.0.1', '--port', String(own), '--num_workers', '1'],
    ],
  },
];
