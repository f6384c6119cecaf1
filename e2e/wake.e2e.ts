import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { listProcessesAround } from '@wakefield/local-stack';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { clusterJobs, clusterKinds, squeue } from './cluster-jobs.ts';
import { eventually, startWakefield, type Wakefield } from './wakefield.ts';

/** The main job, on every kind of cluster. */
describe.each(clusterKinds)('register, wake, chat, idle on the $name', ({ args, cluster }) => {
  let wakefield: Wakefield;

  beforeAll(async () => {
    wakefield = await startWakefield({ args });
  }, 150_000);

  afterAll(async () => {
    await wakefield.stop();
  }, 30_000);

  async function model(name: string) {
    return (await wakefield.call('GET', `/p/demo/models/${name}`)).body;
  }

  async function register(name: string, fields: object = {}) {
    return await wakefield.call('PUT', '/p/demo/models', {
      hf_model_id: name,
      gpu_count: 1,
      engine: 'simulator',
      ...fields,
    });
  }

  const ask = (name: string, text = 'Good morning!') => ({
    model: name,
    messages: [{ role: 'user' as const, content: text }],
    // The engines' own field, beside OpenAI's: go on until max_tokens.
    ignore_eos: true,
  });

  test('a streamed request wakes the sleeping model and is answered', async () => {
    expect(await model('wakefield/simulator')).toMatchObject({
      state: 'not_loaded',
      idle: true,
      cluster,
      jobs: [],
    });
    const response = await fetch(`${wakefield.url}/p/demo/openai/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${wakefield.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...ask('wakefield/simulator'), stream: true, max_tokens: 8 }),
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const text = await response.text();
    expect(text).toMatch(/^: wakefield state=(queued|loading) elapsed=\d+s( \(expected .+\))?$/m);
    expect(text).toContain('"content"');
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
  }, 60_000);

  test('the official client of realtime sessions, in which the engine hears and writes', async () => {
    const { hostname, port } = new URL(wakefield.url);
    // It insists on TLS, which ends in front of Wakefield.
    const options = { createConnection: () => connect(Number(port), hostname) };
    const name = 'wakefield/simulator';
    const session = new OpenAIRealtimeWS({ model: name, options }, wakefield.openai());
    if (cluster === 'heappe-dev') {
      // Its transport carries requests and no connections (docs/heappe-transport.md): the refusal is the engine's.
      const refused = Promise.withResolvers<Error>();
      session.on('error', refused.resolve);
      expect((await refused.promise).message).toContain('404');
      return;
    }
    const heard: { readonly type: string; readonly text?: string }[] = [];
    session.on('event', (event) => heard.push(event as { type: string }));
    await once(session.socket, 'open');
    // Events are vLLM's, which knows others than OpenAI.
    const say = (event: object) => session.send(event as Parameters<typeof session.send>[0]);
    const audio = Buffer.alloc(5 * 2560).toString('base64');
    say({ type: 'session.update', model: name });
    say({ type: 'input_audio_buffer.commit' });
    say({ type: 'input_audio_buffer.append', audio });
    say({ type: 'input_audio_buffer.commit', final: true });
    await eventually('all of it', async () => heard.at(-1)?.type === 'transcription.done');
    const types = heard.map(({ type }) => type);
    expect(types).toEqual([
      'session.created',
      ...Array.from({ length: 5 }, () => 'transcription.delta'),
      'transcription.done',
    ]);
    session.close();
    await once(session.socket, 'close');
  }, 30_000);

  test('the official client: plain, streamed, completions, embeddings, models', async () => {
    const openai = wakefield.openai();
    const plain = await openai.chat.completions.create({
      ...ask('wakefield/simulator'),
      max_tokens: 5,
    });
    expect(plain.choices[0]?.message.content).toEqual(expect.any(String));
    expect(plain.usage?.completion_tokens).toBe(5);
    let words = 0;
    const stream = await openai.chat.completions.create({
      ...ask('wakefield/simulator'),
      max_tokens: 12,
      stream: true,
    });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) words += 1;
    expect(words).toBe(12);
    const completion = await openai.completions.create({
      model: 'wakefield/simulator',
      prompt: 'Once',
      max_tokens: 3,
    });
    expect(completion.choices[0]?.text).toEqual(expect.any(String));
    const { data } = await openai.embeddings.create({
      model: 'wakefield/simulator',
      input: ['a', 'b'],
    });
    expect(data.map(({ embedding }) => embedding.every(Number.isFinite))).toEqual([true, true]);
    const listed = [];
    for await (const { id } of openai.models.list()) listed.push(id);
    expect(listed).toContain('wakefield/simulator');
  }, 60_000);

  test('every state is seen between registration and sleep, and nothing runs afterwards', async () => {
    const name = 'acme/states';
    const fields = { idle_timeout: 3, engine_args: { load_seconds: 2, tokens_per_second: 20 } };
    const registered = await register(name, fields);
    expect(registered).toMatchObject({ status: 201, body: { state: 'not_loaded', idle: true } });
    expect((await register(name, fields)).status).toBe(200);
    const seen: string[] = [];
    const watch = async () => {
      const { state } = await model(name);
      if (seen.at(-1) !== state) seen.push(state);
      return state as string;
    };
    await watch();
    const wake = await wakefield.call('POST', '/p/demo/models', { hf_model_id: name });
    expect(wake).toMatchObject({ status: 200, body: { idle: false } });
    await eventually('ready', async () => (await watch()) === 'ready');
    const chat = wakefield.openai().chat.completions.create({ ...ask(name), max_tokens: 60 });
    await eventually('busy', async () => (await watch()) === 'busy');
    const busy = await model(name);
    expect(busy.jobs).toHaveLength(1);
    expect(busy.jobs[0]).toMatchObject({
      cluster,
      cluster_job_id: expect.any(String),
      node: expect.any(String),
    });
    expect((await chat).usage?.completion_tokens).toBe(60);
    await eventually('asleep', async () => (await watch()) === 'not_loaded', 45_000);
    expect(seen.join(' ')).toMatch(/^not_loaded queued loading ready busy (ready )?not_loaded$/);
    expect(await model(name)).toMatchObject({ idle: true, jobs: [] });
  }, 120_000);

  test('many requests at once are one wake, and plain ones wait silently', async () => {
    const name = 'acme/crowd';
    await register(name);
    const answers = await Promise.all(
      Array.from({ length: 12 }, () =>
        wakefield.openai().chat.completions.create({ ...ask(name), max_tokens: 2 }),
      ),
    );
    expect(answers.map((answer) => answer.choices[0]?.finish_reason)).toEqual(
      Array(12).fill('length'),
    );
    expect((await model(name)).jobs).toHaveLength(1);
    await wakefield.call('POST', '/p/demo/models/sleep', { hf_model_id: name });
  }, 60_000);

  test('Prefer: wait=0 answers at once, and still wakes', async () => {
    const name = 'acme/impatient';
    await register(name);
    const body = ask(name);
    const path = '/p/demo/openai/v1/chat/completions';
    const refused = await wakefield.call('POST', path, body, { prefer: 'wait=0' });
    expect(refused).toMatchObject({ status: 503, body: { error: { code: 'model_loading' } } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    await eventually('ready', async () => (await model(name)).state === 'ready');
    expect(
      (await wakefield.call('POST', path, { ...body, max_tokens: 1 }, { prefer: 'wait=0' })).status,
    ).toBe(200);
  }, 60_000);

  test('sleep lets a running stream finish; then the job is gone', async () => {
    const name = 'acme/drain';
    await register(name, { engine_args: { load_seconds: 0, tokens_per_second: 20 } });
    const stream = await wakefield
      .openai()
      .chat.completions.create({ ...ask(name), max_tokens: 80, stream: true });
    let words = 0;
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content) words += 1;
      if (words === 5) {
        const slept = await wakefield.call('POST', '/p/demo/models/sleep', { hf_model_id: name });
        expect(slept).toMatchObject({ status: 202, body: { command: { kind: 'sleep' } } });
      }
    }
    expect(words).toBe(80);
    await eventually('no job', async () => (await model(name)).jobs.length === 0);
  }, 90_000);

  test('a failing engine says why, three times, until someone wakes it', async () => {
    const name = 'acme/broken';
    await register(name, { engine_args: { fail: 'start' } });
    await wakefield.call('POST', '/p/demo/models', { hf_model_id: name });
    const failed = await eventually('a reason', async () => {
      const now = await model(name);
      return /exit|fail/i.test(now.reason ?? '') && now;
    });
    expect(failed.reason).toMatch(/simulator|exit/i);
  }, 60_000);

  test('DELETE leaves the job running, PUT adopts it, DELETE with stop ends it', async () => {
    const name = 'acme/adopted';
    await register(name, { engine_args: { load_seconds: 0 } });
    await wakefield.openai().chat.completions.create({ ...ask(name), max_tokens: 1 });
    const [job] = (await model(name)).jobs;
    expect((await wakefield.call('DELETE', `/p/demo/models?hf_model_id=${name}`)).status).toBe(204);
    expect((await wakefield.call('GET', `/p/demo/models/${name}`)).status).toBe(404);
    expect((await register(name, { engine_args: { load_seconds: 0 } })).status).toBe(201);
    const adopted = await eventually('adopted', async () => {
      const now = await model(name);
      return now.jobs.length > 0 && now.state === 'ready' && now;
    });
    expect(adopted.jobs.map(({ id }: { id: string }) => id)).toEqual([job.id]);
    expect(
      (await wakefield.call('DELETE', `/p/demo/models?hf_model_id=${name}&stop=true`)).status,
    ).toBe(204);
    if (cluster === 'slurm-dev') {
      await eventually('gone from squeue', async () => {
        const ids = (await squeue(wakefield)).split('\n').map((line) => line.split('|')[0]);
        return !ids.includes(job.cluster_job_id);
      });
    }
  }, 60_000);

  if (cluster !== 'local') {
    test('the cluster saw one job per intent, all under our names', async () => {
      const names = (await clusterJobs(wakefield, cluster)).map(({ name }) => name);
      expect(names.length).toBeGreaterThan(4);
      expect(new Set(names).size).toBe(names.length);
      expect(names.every((name) => name.startsWith('wf-'))).toBe(true);
    });
  }

  test('Ctrl-C ends everything within ten seconds and leaves no process', async () => {
    const { directory } = wakefield;
    expect(await wakefield.stop()).toBeLessThan(10_000);
    expect(listProcessesAround(directory)).toEqual([]);
  }, 30_000);
});
