import { describe, expect, it } from '@jest/globals';
import { isAppError } from '@wakefield/domain';
import {
  activateProjectBody,
  idempotencyKey,
  listModelsQuery,
  parseInput,
  registerModelBody,
  scaleModelBody,
  specFromBody,
} from './index.ts';

const least = { hf_model_id: 'a/b', gpu_count: 1 };

function problem(run: () => unknown): { param: string | null; message: string } {
  try {
    run();
  } catch (error) {
    if (!isAppError(error)) throw error;
    const { code, param, message } = error as typeof error & { param: string | null; code: string };
    expect(code).toBe('invalid_request');
    return { param, message };
  }
  throw new Error('nothing was refused');
}

const refuse = (value: unknown) =>
  problem(() => parseInput(registerModelBody, value, 'request body'));

describe('registering a model', () => {
  it('fills in every default of the seed document', () => {
    const body = parseInput(registerModelBody, least, 'request body');
    expect(specFromBody(body)).toEqual({
      hfModelId: 'a/b',
      engine: 'vllm',
      gpuCount: 1,
      walltimeSeconds: 3600,
      walltimeRatio: 0.9,
      idleTimeoutSeconds: 600,
      autoscale: false,
      isRefreshing: true,
      cluster: null,
      otherClusters: [],
      minReplicas: 0,
      maxReplicas: 4,
      engineArgs: {},
      resources: { nodes: 1, cpus: null, memory: null },
      timeouts: {
        connectSeconds: null,
        firstByteSeconds: null,
        betweenBytesSeconds: null,
        totalSeconds: null,
      },
      routing: { policy: 'least_load', sessionHeader: 'x-session-id', weights: {} },
      limits: { requestsPerMinute: null, tokensPerMinute: null, concurrentRequests: null },
    });
  });

  it('takes everything that it documents', () => {
    const everything = {
      hf_model_id: 'org.x/Name-1.5_b',
      gpu_count: 1024,
      engine: 'sglang',
      walltime: 60,
      walltime_ratio: 1,
      idle_timeout: 1,
      autoscale: true,
      is_refreshing: false,
      cluster: null,
      clusters: ['karolina', 'lumi'],
      min_replicas: 64,
      max_replicas: 64,
      engine_args: { max_model_len: 10, dtype: 'half', 'enforce-eager': true },
      resources: { nodes: 64, cpus: 128, memory: '512M' },
      timeouts: { connect: 300, first_byte: 0, between_bytes: 1, total: 2_592_000 },
      routing: {
        policy: 'session',
        session_header: 'X-Chat',
        weights: { karolina: 100, lumi: 0.01 },
      },
      limits: { requests_per_minute: 1, tokens_per_minute: 1_000_000_000, concurrent_requests: 64 },
    };
    const body = parseInput(registerModelBody, everything, 'request body');
    expect(body).toEqual(everything);
    expect(specFromBody(body).routing).toEqual({
      policy: 'session',
      sessionHeader: 'x-chat',
      weights: { karolina: 100, lumi: 0.01 },
    });
  });

  it('stores one cluster and a list of one alike, and the first of a list as the first choice', () => {
    const stored = (asked: object) => {
      const body = parseInput(registerModelBody, { ...least, ...asked }, 'request body');
      const { cluster, otherClusters } = specFromBody(body);
      return [cluster, ...otherClusters];
    };
    expect(stored({})).toEqual([null]);
    expect(stored({ cluster: 'a', clusters: null })).toEqual(['a']);
    expect(stored({ clusters: ['a'] })).toEqual(['a']);
    expect(stored({ clusters: ['b', 'a', 'c'] })).toEqual(['b', 'a', 'c']);
  });

  it.each<[unknown, string | null, RegExp]>([
    [null, null, /^The request body must be a JSON object, not null\.$/],
    [[], null, /must be a JSON object, not a list/],
    ['text', null, /must be a JSON object, not the text "text"/],
    [{}, 'hf_model_id', /^hf_model_id is required\. gpu_count is required\.$/],
    [{ hf_model_id: 'a/b' }, 'gpu_count', /^gpu_count is required\.$/],
    [
      { ...least, gpu_count: 'two' },
      'gpu_count',
      /^gpu_count must be a whole number, not the text "two"\.$/,
    ],
    [{ ...least, gpu_count: '2' }, 'gpu_count', /must be a whole number, not the text "2"/],
    [{ ...least, gpu_count: 0 }, 'gpu_count', /^gpu_count must be at least 1, not 0\.$/],
    [{ ...least, gpu_count: -1 }, 'gpu_count', /at least 1, not -1/],
    [{ ...least, gpu_count: 1025 }, 'gpu_count', /at most 1024, not 1025/],
    [{ ...least, gpu_count: 1.5 }, 'gpu_count', /^gpu_count must be a whole number, not 1\.5\.$/],
    [{ ...least, gpu_count: 1e300 }, 'gpu_count', /at most/],
    [{ ...least, gpu_count: null }, 'gpu_count', /must be a whole number, not null/],
    [{ ...least, gpu_count: true }, 'gpu_count', /must be a whole number, not true/],
    [{ ...least, hf_model_id: '' }, 'hf_model_id', /at least 1 character/],
    [{ ...least, hf_model_id: 'x'.repeat(201) }, 'hf_model_id', /at most 200 characters/],
    [{ ...least, hf_model_id: '../etc/passwd' }, 'hf_model_id', /must look like "org\/name"/],
    [{ ...least, hf_model_id: 'a/../b' }, 'hf_model_id', /must look like/],
    [{ ...least, hf_model_id: '/a' }, 'hf_model_id', /must look like/],
    [{ ...least, hf_model_id: 'a//b' }, 'hf_model_id', /must look like/],
    [{ ...least, hf_model_id: '--flag' }, 'hf_model_id', /must look like/],
    [{ ...least, hf_model_id: 'a b' }, 'hf_model_id', /must look like/],
    [{ ...least, hf_model_id: 'a/b\n' }, 'hf_model_id', /must look like/],
    [{ ...least, hf_model_id: 7 }, 'hf_model_id', /must be text, not 7/],
    [{ ...least, engine: '' }, 'engine', /at least 1 character/],
    [{ ...least, walltime: 59 }, 'walltime', /at least 60 seconds, not 59\.$/],
    [
      { ...least, walltime: '4h' },
      'walltime',
      /^walltime must be a whole number of seconds \(14400 for 4 h\), not the text "4h"\.$/,
    ],
    [{ ...least, walltime: '04:00:00' }, 'walltime', /number of seconds \(14400 for 4 h\)/],
    [{ ...least, walltime: 90.5 }, 'walltime', /number of seconds \(14400 for 4 h\), not 90\.5\.$/],
    [{ ...least, idle_timeout: '10 min' }, 'idle_timeout', /of seconds \(600 for 10 m\)/],
    [{ ...least, walltime: 2_592_001 }, 'walltime', /at most 2592000 seconds/],
    [{ ...least, walltime_ratio: 0 }, 'walltime_ratio', /at least 0\.1, not 0/],
    [{ ...least, walltime_ratio: 1.01 }, 'walltime_ratio', /at most 1, not 1\.01/],
    [{ ...least, idle_timeout: 0 }, 'idle_timeout', /at least 1 second, not 0/],
    [{ ...least, autoscale: 'yes' }, 'autoscale', /must be true or false, not the text "yes"/],
    [{ ...least, is_refreshing: 1 }, 'is_refreshing', /must be true or false, not 1/],
    [{ ...least, cluster: 'a b' }, 'cluster', /must start with a letter or digit/],
    [{ ...least, clusters: [] }, 'clusters', /must have at least 1 entry/],
    [{ ...least, clusters: 'a' }, 'clusters', /must be a list, not the text "a"/],
    [{ ...least, clusters: ['a', 'b c'] }, 'clusters.1', /must start with a letter or digit/],
    [{ ...least, clusters: ['a', 'a'] }, 'clusters', /^clusters must name each cluster once\.$/],
    [
      { ...least, clusters: Array.from('abcdefghi') },
      'clusters',
      /^clusters must have at most 8 entries\.$/,
    ],
    [
      { ...least, cluster: 'a', clusters: ['a'] },
      'clusters',
      /^clusters must not be given beside cluster\.$/,
    ],
    [{ ...least, max_replicas: 65 }, 'max_replicas', /at most 64, not 65/],
    [{ ...least, timeouts: { connect: 0 } }, 'timeouts.connect', /at least 1 second, not 0/],
    [{ ...least, timeouts: { total: '5m' } }, 'timeouts.total', /seconds \(300 for 5 m\)/],
    [{ ...least, timeouts: { first: 1 } }, 'timeouts.first', /Known: connect, first_byte/],
    [
      { ...least, limits: { requests_per_minute: 0 } },
      'limits.requests_per_minute',
      /at least 1, not 0/,
    ],
    [{ ...least, min_replicas: -1 }, 'min_replicas', /at least 0, not -1/],
    [
      { ...least, min_replicas: 3, max_replicas: 2 },
      'min_replicas',
      /^min_replicas must be at most max_replicas \(2\), not 3\.$/,
    ],
    [
      { ...least, min_replicas: 5 },
      'min_replicas',
      /^min_replicas must be at most max_replicas \(4\), not 5\.$/,
    ],
    [{ ...least, engine_args: [] }, 'engine_args', /must be a JSON object, not a list/],
    [{ ...least, engine_args: { x: {} } }, 'engine_args.x', /must be text, a number, or true/],
    [{ ...least, engine_args: { x: null } }, 'engine_args.x', /must be text, a number, or true/],
    [{ ...least, engine_args: { '-x': 1 } }, 'engine_args.-x', /is no legal argument name/],
    [
      { ...least, resources: { nodes: 0 } },
      'resources.nodes',
      /^resources\.nodes must be at least 1/,
    ],
    [{ ...least, resources: { memory: '64' } }, 'resources.memory', /size like "64G"/],
    [
      { ...least, resources: { gpus: 1 } },
      'resources.gpus',
      /Unknown field in the request body: resources\.gpus\. Known: nodes, cpus, memory\./,
    ],
    [{ ...least, routing: 'prefix' }, 'routing', /must be a JSON object, not the text "prefix"/],
    [
      { ...least, routing: { policy: 'random' } },
      'routing.policy',
      /^routing\.policy must be one of "least_load", "prefix", "session", not the text "random"\.$/,
    ],
    [
      { ...least, routing: { session_header: 'x y' } },
      'routing.session_header',
      /^routing\.session_header must be a legal name of a header, not the text "x y"\.$/,
    ],
    [{ ...least, routing: { session_header: '' } }, 'routing.session_header', /at least 1 char/],
    [
      { ...least, routing: { weights: { here: 0 } } },
      'routing.weights.here',
      /^routing\.weights\.here must be at least 0\.01, not 0\.$/,
    ],
    [{ ...least, routing: { weights: { here: 101 } } }, 'routing.weights.here', /at most 100/],
    [
      { ...least, routing: { weights: { here: 'twice' } } },
      'routing.weights.here',
      /must be a number, not the text "twice"/,
    ],
    [
      { ...least, routing: { weights: { 'a b': 1 } } },
      'routing.weights.a b',
      /^routing\.weights\.a b is no legal name of a cluster, /,
    ],
    [
      {
        ...least,
        routing: { weights: Object.fromEntries(Array.from('abcdefghi').map((c) => [c, 1])) },
      },
      'routing.weights',
      /^routing\.weights must have at most 8 entries\.$/,
    ],
    [
      { ...least, routing: { stickiness: 1 } },
      'routing.stickiness',
      /Unknown field .*: routing\.stickiness\. Known: policy, session_header, weights\./,
    ],
    [
      { ...least, gpus: 1 },
      'gpus',
      /^Unknown field in the request body: gpus\. Known: hf_model_id, gpu_count, engine,/,
    ],
    [JSON.parse('{"hf_model_id":"a/b","gpu_count":1,"__proto__":{}}'), '__proto__', /Unknown/],
  ])('refuses %j and names %s', (value, param, message) => {
    const found = refuse(value);
    expect(found.param).toBe(param);
    expect(found.message).toMatch(message);
  });

  it('names at most three problems and counts the rest', () => {
    const { message } = refuse({ gpu_count: 0, walltime: 0, idle_timeout: 0, autoscale: 0, z: 0 });
    expect(message).toMatch(/^hf_model_id is required\. .* And 3 more\.$/);
  });

  it('quotes long values shortly', () => {
    expect(refuse({ ...least, autoscale: 'x'.repeat(5000) }).message.length).toBeLessThan(120);
  });
});

describe('other inputs', () => {
  it('refuses bad replicas, projects, limits and keys by name', () => {
    const scale = (replicas: unknown) => () =>
      parseInput(scaleModelBody, { hf_model_id: 'a', replicas }, 'request body');
    expect(problem(scale(-1)).param).toBe('replicas');
    expect(problem(scale(65)).param).toBe('replicas');
    expect(problem(scale(undefined)).message).toBe('replicas is required.');
    const activate = (project: unknown) => () =>
      parseInput(activateProjectBody, { project }, 'request body');
    expect(problem(activate('a/b')).param).toBe('project');
    expect(problem(activate('-x')).message).toMatch(/must start with a letter or digit/);
    const list = (limit: string) => () => parseInput(listModelsQuery, { limit }, 'query');
    expect(problem(list('0')).message).toBe(
      'limit must be a whole number from 1 to 1000, not the text "0".',
    );
    expect(problem(list('1001')).param).toBe('limit');
    expect(parseInput(listModelsQuery, { limit: '1000' }, 'query')).toEqual({ limit: '1000' });
    expect(() => parseInput(idempotencyKey, 'a b', 'headers')).toThrow('printable ASCII');
  });
});
