import type { LaunchProfile } from '@wakefield/control';
import type { EngineArg, Model } from '@wakefield/domain';
import { sampleModel, sampleSpec } from '@wakefield/testkit';
import type { RenderInput } from '../src/index.ts';

export interface InputChange {
  readonly engine?: string;
  readonly hfModelId?: string;
  readonly gpuCount?: number;
  readonly nodes?: number;
  readonly engineArgs?: Readonly<Record<string, EngineArg>>;
  readonly name?: string;
  readonly engineKey?: string;
  readonly profile?: Partial<LaunchProfile>;
}

/** What a job is rendered from, with as much of it changed as a test needs. */
export function renderInput(change: InputChange = {}): RenderInput {
  return {
    model: model(change),
    name: change.name ?? 'wf-t-0123456789abcdef-1',
    engineKey: change.engineKey ?? 'sk-test',
    profile: {
      jobsDirectory: '/jobs',
      bindHost: '127.0.0.1',
      advertise: { kind: 'fixed', host: '127.0.0.1' },
      ports: { from: 20_000, to: 29_999 },
      modelDirectory: null,
      setup: {},
      environment: {},
      ...change.profile,
    },
  };
}

function model({ engine, hfModelId, gpuCount, nodes, engineArgs }: InputChange): Model {
  const spec = sampleSpec({
    hfModelId: hfModelId ?? 'acme/small',
    engine: engine ?? 'simulator',
    gpuCount: gpuCount ?? 1,
    engineArgs: engineArgs ?? {},
    resources: { nodes: nodes ?? 1, cpus: null, memory: null },
  });
  return sampleModel({ id: '0b1c7f6e-5d43-4a1b-9c55-0123456789ab', project: 'demo', spec });
}
