import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { defaultSettings, endpoint, type Harness, startHarness, until } from '../test/harness.ts';
import { openSession, type Session } from '../test/session.ts';
import { startWsEngine, type WsEngine } from '../test/ws-engine.ts';

describe('who reads a session slowly', () => {
  const message = Buffer.alloc(256 * 1024, 'x');
  const all = 400 * message.length;
  const sessions: Session[] = [];
  let other: WsEngine;
  let proxy: Harness;
  beforeEach(async () => {
    other = await startWsEngine();
    await startWith(60_000);
  });
  afterEach(async () => {
    for (const { client } of sessions.splice(0)) client.terminate();
    await proxy.stop(AbortSignal.abort());
    await other.close();
  });

  async function startWith(stallMs: number): Promise<void> {
    proxy = await startHarness({ door: { ...defaultSettings.door, stallMs: 60_000 } }, { stallMs });
    const endpoints = [endpoint(other.port, 'job-2')];
    proxy.route('acme/speech', { state: 'ready', idle: false, endpoints });
    await proxy.caughtUp();
  }
  async function restartWith(stallMs: number): Promise<void> {
    await proxy.stop(AbortSignal.abort());
    await startWith(stallMs);
  }
  async function sides(): Promise<{ client: WebSocket; engineSide: WebSocket }> {
    const session = await openSession(`${proxy.url}/p/demo/openai/v1/realtime?model=acme/speech`);
    sessions.push(session);
    const { client } = session;
    const [engineSide] = other.sessions;
    if (engineSide === undefined) throw new Error('no session');
    return { client, engineSide };
  }
  const send = (from: WebSocket) => {
    for (let sent = 0; sent < all; sent += message.length) from.send(message);
  };

  /** Nothing passes any more. Where that is only because the machine is slow, less has passed than could have. */
  async function heldUp(direction: 'up' | 'down'): Promise<void> {
    let before = -1;
    let still = 0;
    await until('held up', async () => {
      const passed = await proxy.metric(`wakefield_session_bytes_total{direction="${direction}"`);
      still = passed > 0 && passed === before ? still + 1 : 0;
      before = passed;
      return still === 20;
    });
  }

  /** What one side sends while the other takes nothing waits with it; then all of it comes. */
  async function flood(from: WebSocket, to: WebSocket, direction: 'up' | 'down'): Promise<void> {
    let heard = 0;
    to.on('message', (data) => {
      heard += (data as Buffer).length;
    });
    to.pause();
    send(from);
    await heldUp(direction);
    // The rest is in the buffers of two connections and what the proxy keeps, which is little.
    expect(from.bufferedAmount).toBeGreaterThan(all / 2);
    expect(heard).toBe(0);
    to.resume();
    await until('all of it', () => heard === all, 60_000);
  }

  const running = () => proxy.metric('wakefield_requests_in_flight');

  it('is waited for by the engine, and loses nothing', async () => {
    const { client, engineSide } = await sides();
    await flood(engineSide, client, 'down');
  }, 90_000);

  it('is waited for by the client, and loses nothing', async () => {
    const { client, engineSide } = await sides();
    await flood(client, engineSide, 'up');
  }, 90_000);

  it('and takes nothing at all is cut off', async () => {
    await restartWith(200);
    const { client, engineSide } = await sides();
    client.pause();
    send(engineSide);
    await until('cut off', () => proxy.usage.ended.length === 1);
    expect(proxy.usage.ended).toMatchObject([{ outcome: 'client_left' }]);
    await until('ended', () => engineSide.readyState === WebSocket.CLOSED);
  });

  it('and is an engine that takes nothing at all is let go, and its client told', async () => {
    await restartWith(200);
    const { client, engineSide } = await sides();
    const closed = new Promise<number>((resolve) => void client.once('close', resolve));
    engineSide.pause();
    send(client);
    expect(await closed).toBe(1011);
    expect(proxy.usage.ended).toMatchObject([{ status: 101, outcome: 'cut' }]);
    expect(await running()).toBe(0);
    expect(await proxy.metric('wakefield_ejected_endpoints')).toBe(0);
  });

  it('holds nothing when its client has left meanwhile', async () => {
    await restartWith(1000);
    const { client, engineSide } = await sides();
    engineSide.pause();
    send(client);
    await heldUp('up');
    client.terminate();
    await until('let go', async () => (await running()) === 0);
    await until('gone', async () => (await proxy.metric('wakefield_client_connections')) === 0);
  });
});
