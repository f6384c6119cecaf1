import { describe, expect, test } from '@jest/globals';
import { createClosing } from './closing.ts';
import { createCondenser } from './condense.ts';
import { publicUrl, readyText } from './ready-text.ts';
import { planServices } from './services.ts';

describe('createCondenser', () => {
  const condense = (service: string, line: string, up: boolean) =>
    createCondenser(service)(line, up);
  const line = (record: object) => JSON.stringify({ time: '2026-01-02T03:04:05.678Z', ...record });

  test('tells what happened, to what', () => {
    const record = {
      level: 'info',
      msg: 'job submitted',
      jobName: 'wf-1',
      cluster: 'local',
      pid: 1,
    };
    expect(condense('scheduler', line(record), true)).toBe(
      '03:04:05 scheduler job submitted  jobName=wf-1  cluster=local',
    );
  });

  test('marks trouble and its cause', () => {
    const record = { level: 'error', msg: 'cannot observe', err: { message: 'no route\nat x' } };
    expect(condense('scheduler', line(record), true)).toBe(
      '03:04:05 scheduler ERROR cannot observe  no route',
    );
  });

  test('tells which request to which service was not answered, and why', () => {
    const record = {
      ...{ level: 'warn', service: 'proxy', msg: 'service request refused', requestId: 'req_1' },
      ...{ serviceId: '4711', method: 'GET', path: '/api/v1/services/4711/proxy/a', status: 503 },
      reason: 'Too many requests.',
    };
    expect(condense('proxy', line(record), true)).toBe(
      '03:04:05 proxy     WARN service request refused  serviceId=4711  method=GET  path=/api/v1/services/4711/proxy/a  status=503  reason=Too many requests.',
    );
  });

  test.each([
    ['debug', 'looked'],
    ['info', 'request finished'],
    ['info', 'ready'],
    ['info', 'job moved on'],
    ['warn', 'job refused'],
  ])('leaves out %s "%s"', (level, msg) => {
    expect(condense('api', line({ level, msg }), true)).toBeNull();
  });

  test('tells what becomes of models, in plain words and each thing once', () => {
    const tell = createCondenser('scheduler');
    const look = (was: string, state: string, reason: string | null = null) =>
      tell(
        line({ msg: 'model reconciled', project: 'demo', model: 'acme/v', was, state, reason }),
        true,
      );
    const waits = 'Waiting in the queue: no free resources yet (Resources).';
    const said = (words: string) => `03:04:05 model     demo/acme/v: ${words}`;
    expect(look('queued', 'queued')).toBe(said('queued'));
    expect(look('queued', 'queued')).toBeNull();
    expect(look('queued', 'queued', waits)).toBe(
      said('queued: Waiting in the queue: no free resources yet (Resources)'),
    );
    expect(look('queued', 'queued', waits)).toBeNull();
    expect(look('queued', 'loading')).toBe(said('queued → loading'));
    expect(look('loading', 'failed', 'It is not there.\nmore')).toBe(
      said('loading → failed: It is not there; more: GET /p/demo/models/acme/v'),
    );
    expect(look('failed', 'queued', 'It is not there.')).toBe(said('failed → queued'));
    expect(look('queued', 'ready', 'It is not there.')).toBe(said('queued → ready'));
    expect(look('ready', 'not_loaded')).toBe(said('ready → asleep'));
  });

  test('passes on what is no JSON, but not while the service starts', () => {
    expect(condense('api', 'Segmentation fault', true)).toBe('api       Segmentation fault');
    expect(condense('api', 'Segmentation fault', false)).toBeNull();
  });
});

describe('planServices', () => {
  const paths = { clustersInUse: '/d/clusters.run.yaml', logs: '/d/logs' };
  const one = { api: 1, scheduler: 1, proxy: 1 };
  const plan = (environment: Record<string, string>, instances = one) =>
    planServices({
      options: {
        host: '0.0.0.0',
        port: 8080,
        recipes: '/ours',
        authFile: '/etc/auth.yaml',
        limitsFile: '/etc/limits.yaml',
        instances,
      },
      sockets: { api: null, scheduler: null, proxy: null },
      checkout: '/clone',
      paths: paths as Parameters<typeof planServices>[0]['paths'],
      databaseUrl: 'postgres://x',
      redisUrl: 'redis://x',
      localKey: 'key',
      installation: 'a1b2c3',
      apiPort: 9,
      environment,
    });

  test('only the proxy is public', () => {
    const byName = Object.fromEntries(plan({}).map(({ name, env }) => [name, env]));
    expect(byName.proxy).toMatchObject({
      HOST: '0.0.0.0',
      PORT: '8080',
      API_URL: 'http://127.0.0.1:9',
    });
    expect(byName.api).toMatchObject({ HOST: '127.0.0.1', PORT: '9' });
    expect(byName.scheduler).toMatchObject({ OPS_HOST: '127.0.0.1', OPS_PORT: '0' });
  });

  test('several of each have names and logs of their own', () => {
    const specs = plan({}, { api: 1, scheduler: 2, proxy: 3 });
    expect(specs.map(({ name }) => name)).toEqual([
      'api',
      'scheduler-1',
      'scheduler-2',
      'proxy-1',
      'proxy-2',
      'proxy-3',
    ]);
    expect(specs.at(-1)).toMatchObject({
      service: 'proxy',
      script: '/clone/services/proxy/src/main.ts',
      logFile: '/d/logs/proxy-3.log',
      env: { PORT: '8080', LISTEN_FDS: '1' },
    });
  });

  test("the caller's environment goes along, without what is ours", () => {
    const env = {
      PATH: '/bin',
      LOG_LEVEL: 'debug',
      WAKEFIELD_X: '/x',
      PORT: '1',
      npm_config_x: 'y',
    };
    const [api] = plan(env);
    expect(api?.env).toMatchObject({
      PATH: '/bin',
      LOG_LEVEL: 'debug',
      PORT: '9',
      WAKEFIELD_RECIPES: '/ours',
    });
    expect(Object.keys(api?.env ?? {})).not.toEqual(expect.arrayContaining(['WAKEFIELD_X']));
    expect(api?.env).not.toHaveProperty('npm_config_x');
  });
});

describe('readyText', () => {
  const facts = {
    url: 'http://h:1',
    key: 'k',
    dataDirectory: '/d',
    firstModel: true,
    centre: null,
    queueCommand: null,
    seconds: 1.23,
  };

  test('names what there is', () => {
    expect(readyText(facts)).not.toContain('squeue');
    const queueCommand = 'SLURM_CONF=/d/slurm/etc/slurm.conf squeue';
    const text = readyText({ ...facts, firstModel: false, queueCommand });
    expect(text).toContain(`\n  squeue      ${queueCommand}\n`);
    expect(text).not.toContain('first chat');
  });

  test('at a centre tells what to do first, and what Ctrl-C leaves alone', () => {
    const text = readyText({ ...facts, firstModel: false, centre: 'karolina' });
    expect(text).toContain('activate a project (its accounting string) on karolina');
    expect(text).toMatch(
      /curl -X POST http:\/\/h:1\/p -H .* -d '\{"project":"PROJECT","cluster":"karolina"\}'\n/,
    );
    expect(text).toMatch(/curl -X PUT http:\/\/h:1\/p\/PROJECT\/models .*"Qwen\/Qwen3-8B"/);
    expect(text).toContain('Ctrl-C ends everything here; jobs at a centre go on.');
    expect(readyText(facts)).toContain('Ctrl-C ends everything.\n');
  });

  test('has a line for scripts and one to copy', () => {
    const text = readyText(facts);
    const lines = text.split('\n');
    expect(lines).toContain('Wakefield is ready: http://h:1');
    expect(text).toContain(
      `curl -N http://h:1/p/demo/openai/v1/chat/completions -H 'Authorization: Bearer k' -H 'Content-Type: application/json' -d '{"model":"wakefield/simulator","stream":true,`,
    );
  });

  test.each([
    ['127.0.0.1', 'http://127.0.0.1:80'],
    ['0.0.0.0', 'http://127.0.0.1:80'],
    ['::', 'http://[::1]:80'],
    ['fe80::1', 'http://[fe80::1]:80'],
    ['gpu.example.org', 'http://gpu.example.org:80'],
  ])('publicUrl(%s)', (host, expected) => {
    expect(publicUrl(host, 80)).toBe(expected);
  });
});

describe('createClosing', () => {
  test('closes phase by phase, past failures, and at once what comes late', async () => {
    const order: string[] = [];
    const closing = createClosing(9000, (name, error) =>
      order.push(`${name}: ${(error as Error).message}`),
    );
    closing.add('lock', 'a', () => order.push('a'));
    closing.add('stores', 'b', () => Promise.reject(new Error('no')));
    closing.add('services', 'c', async () => {
      await new Promise(setImmediate);
      order.push('c');
    });
    closing.add('services', 'd', () => order.push('d'));
    expect([closing.signal.aborted, closing.remainingMs()]).toEqual([false, 9000]);
    await Promise.all([closing.closeAll(), closing.closeAll()]);
    const left = closing.remainingMs();
    expect([Number.isInteger(left), left < 9000]).toEqual([true, true]);
    closing.add('services', 'late', () => order.push('late'));
    await closing.settled();
    expect(order).toEqual(['d', 'c', 'b: no', 'a', 'late']);
  });
});
