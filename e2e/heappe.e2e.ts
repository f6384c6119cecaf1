import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sendSignal } from '@wakefield/local-stack';
import { ask, chat } from './requests/ask.ts';
import { eventually, startWakefield, type Wakefield } from './wakefield.ts';

/** What goes through HEAppE when HEAppE dies; its jobs and their engines go on. */
describe('kill -9 of HEAppE', () => {
  let wakefield: Wakefield;

  beforeAll(async () => {
    wakefield = await startWakefield({ args: ['--heappe'] });
  }, 150_000);

  afterAll(async () => {
    await wakefield?.stop();
  }, 30_000);

  async function register(name: string, engineArgs: object) {
    const body = {
      hf_model_id: name,
      gpu_count: 1,
      engine: 'simulator',
      engine_args: engineArgs,
    };
    expect((await wakefield.call('PUT', '/p/demo/models', body)).status).toBe(201);
  }

  async function jobs(name: string): Promise<readonly string[]> {
    const { body } = await wakefield.call('GET', `/p/demo/models/${name}`);
    return body.jobs.map((job: { cluster_job_id: string | null }) => job.cluster_job_id);
  }

  /** @returns once another process has its addresses */
  async function killed(): Promise<void> {
    const { heappe } = await wakefield.runFile();
    const pid = heappe?.pid ?? 0;
    sendSignal(pid, 'SIGKILL');
    const next = await eventually('another HEAppE', async () => {
      const now = (await wakefield.runFile()).heappe;
      return now === null || now.pid === pid ? null : now;
    });
    expect(next).toMatchObject({ url: heappe?.url, control: heappe?.control });
  }

  test('during a wake: the request is answered, by the one job', async () => {
    await register('acme/waking', { load_seconds: 3 });
    const answer = chat(wakefield, 'acme/waking', { tokens: 3, stream: true });
    await eventually(
      'a job',
      async () => typeof (await jobs('acme/waking'))[0] === 'string',
      60_000,
    );
    await killed();
    expect(await answer).toMatchObject({ status: 200, whole: true, tokens: 3 });
    expect(await jobs('acme/waking')).toHaveLength(1);
  }, 120_000);

  test('during a stream: it ends with an error event; whoever waits or comes is answered', async () => {
    const model = 'acme/talking';
    await register(model, { load_seconds: 0, tokens_per_second: 10 });
    expect(await chat(wakefield, model, { tokens: 1 })).toMatchObject({ whole: true });
    const before = await jobs(model);
    let heard = '';
    const talk = ask(wakefield, {
      model,
      tokens: 300,
      stream: true,
      onLine: (line) => {
        heard += `${line}\n`;
      },
    });
    const words = () => heard.match(/"content":"[^"]/g)?.length ?? 0;
    await eventually('words', async () => words() > 0);
    const plain = chat(wakefield, model, { tokens: 60 });
    // A second later both are under way, and neither is over.
    await eventually('more words', async () => words() > 10);
    await killed();
    expect(await talk).toMatchObject({ status: 200, whole: false });
    expect(heard).toMatch(/^data: \{"error":\{.*"code":"upstream_error"/m);
    expect(heard).not.toContain('[DONE]');
    expect(await plain).toMatchObject({ status: 200, whole: true, tokens: 60 });
    expect(await chat(wakefield, model, { tokens: 2, stream: true })).toMatchObject({
      whole: true,
    });
    expect(await jobs(model)).toEqual(before);
  }, 120_000);
});
