import { expect, test } from '@jest/globals';
import { createMetrics } from '@wakefield/runtime';
import { registerServiceGauges, type ServiceGaugeStores } from './service-gauges.ts';

const t0 = 1_760_000_000_000;
type Services = ServiceGaugeStores['services'];

/** What is told of services, by lines; the stores may be away. */
function scene() {
  const state = {
    now: t0,
    away: false,
    counts: [] as Awaited<ReturnType<Services['count']>>,
    ends: [] as Awaited<ReturnType<Services['listEnds']>>,
    oldest: null as number | null,
  };
  const metrics = createMetrics({ service: 'test' });
  const read =
    <T>(what: () => T) =>
    async () => {
      if (state.away) throw new Error('away');
      return what();
    };
  const services = { count: read(() => state.counts), listEnds: read(() => state.ends) };
  const notices = { oldestWaiting: read(() => state.oldest) };
  registerServiceGauges(metrics, { services, notices }, () => state.now);
  const lines = async (name: string) =>
    (await metrics.expose()).body
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`))
      .map((line) => line.slice(name.length).replace(/,?service="test"/, ''));
  return { state, lines };
}

test('services are those of now, by project and state', async () => {
  const { state, lines } = scene();
  state.counts = [
    { project: 'p', state: 'running', count: 2 },
    { project: 'q', state: 'failed', count: 1 },
  ];
  const first = ['{project="p",state="running"} 2', '{project="q",state="failed"} 1'];
  expect(await lines('wakefield_services')).toEqual(first);
  state.away = true;
  expect(await lines('wakefield_services')).toEqual(first);
  state.away = false;
  state.counts = [{ project: 'p', state: 'completed', count: 2 }];
  expect(await lines('wakefield_services')).toEqual(['{project="p",state="completed"} 2']);
});

test('an end comes nearer even while nobody can ask for it, and goes with its service', async () => {
  const { state, lines } = scene();
  const ends = () => lines('wakefield_service_ends_in_seconds');
  state.ends = [{ id: 'u1', project: 'p', endsAt: t0 + 90_000 }];
  expect(await ends()).toEqual(['{project="p",uuid="u1"} 90']);
  state.away = true;
  state.now += 60_000;
  expect(await ends()).toEqual(['{project="p",uuid="u1"} 30']);
  state.away = false;
  state.ends = [];
  expect(await ends()).toEqual([]);
});

test('what the webhook has not taken grows old', async () => {
  const { state, lines } = scene();
  const age = () => lines('wakefield_service_notices_oldest_seconds');
  expect(await age()).toEqual(['{} 0']);
  state.oldest = t0 - 5_000;
  expect(await age()).toEqual(['{} 5']);
  state.away = true;
  state.now += 10_000;
  expect(await age()).toEqual(['{} 15']);
  state.away = false;
  state.oldest = null;
  expect(await age()).toEqual(['{} 0']);
});
