import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ProjectStore } from '@wakefield/control';
import type { Project } from '@wakefield/domain';
import { SAMPLE_NOW, type StoreFixture, storeFixture } from '@wakefield/testkit';

let fixture: StoreFixture;
let projects: ProjectStore;

beforeAll(async () => {
  fixture = await storeFixture();
  projects = fixture.stores.projects;
});
afterAll(() => fixture.close());

async function save(project: Project): Promise<void> {
  const outcome = { status: 'applied', created: false } as const;
  const body = { kind: 'activate', cluster: null } as const;
  await fixture.carryOut(project.name, body, { outcome, project });
}

test('clusters keep the order in which they were activated', async () => {
  const name = `p-${randomUUID()}`;
  const project: Project = {
    name,
    clusters: ['z', 'a', 'm'],
    createdAt: SAMPLE_NOW,
    updatedAt: SAMPLE_NOW + 1,
  };
  await save(project);
  expect(await projects.get(name)).toEqual(project);
  const grown = { ...project, clusters: ['z', 'a', 'm', 'b'], updatedAt: SAMPLE_NOW + 2 };
  await save(grown);
  expect(await projects.get(name)).toEqual(grown);
  const swapped = { ...grown, clusters: ['b', 'z'] };
  await save(swapped);
  expect(await projects.get(name)).toEqual(swapped);
});

test('a list is ordered by name, each with its own clusters', async () => {
  const at = { createdAt: SAMPLE_NOW, updatedAt: SAMPLE_NOW };
  const some: Project[] = [
    { name: 'B', clusters: ['one'], ...at },
    { name: 'a', clusters: ['two', 'one'], ...at },
    { name: 'a-b', clusters: [], ...at },
  ];
  for (const project of some.toReversed()) await save(project);
  const names = new Set(some.map(({ name }) => name));
  expect((await projects.list()).filter(({ name }) => names.has(name))).toEqual(some);
});

test('an unknown project is null', async () => {
  expect(await projects.get('nowhere')).toBeNull();
  expect(await projects.get('a\0')).toBeNull();
});
