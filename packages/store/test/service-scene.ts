import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import type { Lease, ServiceStatus, ServiceToPlan } from '@wakefield/control';
import type { Job, ServiceId, ServiceSpec } from '@wakefield/domain';
import { SAMPLE_NOW, type StoreFixture, sampleServiceSpec, storeFixture } from '@wakefield/testkit';

const LEASE_MS = 60_000;

/** Services of one project, which is new for each test. */
class ServiceScene {
  readonly fixture: StoreFixture;
  readonly project: string;

  constructor(fixture: StoreFixture, project: string) {
    this.fixture = fixture;
    this.project = project;
  }

  /** Some service, as its command leaves it. */
  async start(spec: Partial<ServiceSpec> = {}, at = SAMPLE_NOW): Promise<ServiceToPlan> {
    const times = { createdAt: at, updatedAt: at };
    const over = { project: this.project, spec: sampleServiceSpec(spec), ...times };
    const { id } = await this.fixture.service(over);
    const service = await this.fixture.stores.services.get(id);
    if (service === null) throw new Error('not there');
    return service;
  }

  submit(service: ServiceToPlan, seq: number, clusterJobId: string): Promise<Job> {
    return this.fixture.serviceJob(service, seq, { phase: 'queued', clusterJobId });
  }

  async leased<T>(id: ServiceId, work: (lease: Lease) => Promise<T>): Promise<T> {
    const { leases } = this.fixture.stores;
    const lease = await leases.acquire(`service:${id}`, 'tester', LEASE_MS);
    if (lease === null) throw new Error('somebody else has it');
    return await work(lease).finally(() => leases.release(lease));
  }

  /** What a run writes that has seen the service as it is. */
  async tell(id: ServiceId, status: Partial<ServiceStatus>, over = {}): Promise<boolean> {
    const { services } = this.fixture.stores;
    const { generation = 0, dueCount = 0 } = (await services.get(id)) ?? {};
    return await this.leased(id, (lease) =>
      services.savePlan(
        id,
        lease,
        {
          ...{ generation, dueCount, expectedStarts: [], lookAgainAt: SAMPLE_NOW + 60_000 },
          notices: [],
          status: { state: 'running', reason: null, because: [], ...status },
          ...over,
        },
        SAMPLE_NOW + 1,
      ),
    );
  }
}

/** The scene, renewed before each test. */
export function useServices(): () => ServiceScene {
  let fixture: StoreFixture;
  let scene: ServiceScene | null = null;
  beforeAll(async () => {
    fixture = await storeFixture();
  });
  beforeEach(async () => {
    scene = new ServiceScene(fixture, await fixture.project());
  });
  afterAll(() => fixture.close());
  return () => {
    if (scene === null) throw new Error('the scene is not set yet');
    return scene;
  };
}
