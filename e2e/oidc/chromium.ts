import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { boundToUs, sendSignal } from '@wakefield/local-stack';
import { eventually } from '../wakefield.ts';

/** One page of a headless Chromium, told what to do by the DevTools protocol. */
export interface Page {
  go(url: string): Promise<void>;
  /** The value of an expression in the page; what it cannot say yet is asked again. */
  until<T>(what: string, expression: string): Promise<T>;
  run(expression: string): Promise<unknown>;
  /** As on a keyboard, into what has the focus. */
  pressCtrlEnter(): Promise<void>;
  url(): Promise<string>;
  screenshot(file: string): Promise<void>;
  /** What the page complained about on its console. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  // biome-ignore lint/suspicious/noExplicitAny: JSON of the protocol
  readonly result?: any;
  // biome-ignore lint/suspicious/noExplicitAny: JSON of the protocol
  readonly params?: any;
  readonly error?: { readonly message: string };
}

/** Opens one for the time of an act; an error tells where the page was then. */
export async function withPage(program: string, act: (page: Page) => Promise<void>): Promise<void> {
  const page = await openPage(program);
  try {
    await act(page);
  } catch (error) {
    const place = `at ${await page.url()}\n${page.complaints.join('\n')}`;
    throw new Error(`${String(error)}\n${place}`, { cause: error });
  } finally {
    await page.close();
  }
}

async function openPage(program: string): Promise<Page> {
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'));
  const child = launch(program, profile);
  const socket = new WebSocket(await debuggerUrl(child));
  await once(socket, 'open');
  const complaints: string[] = [];
  const waiting = new Map<number, (message: Message) => void>();
  let last = 0;
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as Message;
    if (message.id !== undefined) waiting.get(message.id)?.(message);
    else if (message.method === 'Log.entryAdded' && message.params.entry.level === 'error')
      complaints.push(`${message.params.entry.text} ${message.params.entry.url ?? ''}`);
    else if (message.method === 'Runtime.exceptionThrown')
      complaints.push(message.params.exceptionDetails.text);
  });
  const send = async (method: string, params: object = {}, sessionId?: string) => {
    last += 1;
    const id = last;
    const answer = new Promise<Message>((resolve) => waiting.set(id, resolve));
    socket.send(JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) }));
    const { error, result } = await answer;
    waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  };
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
  const tell = (method: string, params: object = {}) => send(method, params, sessionId);
  for (const domain of ['Page', 'Runtime', 'Log']) await tell(`${domain}.enable`);
  const run = async (expression: string) => {
    const { result, exceptionDetails } = await tell('Runtime.evaluate', {
      ...{ expression, awaitPromise: true, returnByValue: true },
    });
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description);
    return result.value as unknown;
  };
  return {
    complaints,
    run,
    go: async (url) => {
      await tell('Page.navigate', { url });
    },
    until: <T>(what: string, expression: string) =>
      // A page that is on its way to the next one has nothing to say.
      eventually(what, async () => (await run(expression).catch(() => null)) as T | null, 90_000),
    pressCtrlEnter: async () => {
      const enter = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13, modifiers: 2 };
      for (const type of ['keyDown', 'keyUp']) {
        await tell('Input.dispatchKeyEvent', { type, ...enter });
      }
    },
    url: async () => String(await run('location.href')),
    screenshot: async (file) => {
      const { data } = await tell('Page.captureScreenshot', { format: 'png' });
      await writeFile(file, Buffer.from(data, 'base64'));
    },
    close: async () => {
      socket.close();
      const gone = child.exitCode === null ? once(child, 'exit') : Promise.resolve();
      if (child.pid !== undefined) sendSignal(-child.pid, 'SIGKILL');
      await gone;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function launch(program: string, profile: string): ChildProcess {
  const { command, args } = boundToUs(
    program,
    [
      ...['--headless=new', '--disable-gpu', '--no-first-run', '--disable-dev-shm-usage'],
      ...['--remote-debugging-port=0', `--user-data-dir=${profile}`, '--window-size=1280,900'],
      // Its sandbox does not work as root.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      'about:blank',
    ],
    'SIGKILL',
  );
  return spawn(command, [...args], { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
}

async function debuggerUrl(child: ChildProcess): Promise<string> {
  if (child.stderr === null) throw new Error('Chromium has no stderr');
  const lines: string[] = [];
  for await (const line of createInterface(child.stderr)) {
    lines.push(line);
    const found = /DevTools listening on (ws:\S+)/.exec(line)?.[1];
    if (found !== undefined) {
      child.stderr.resume();
      return found;
    }
  }
  throw new Error(`Chromium did not start:\n${lines.join('\n')}`);
}
