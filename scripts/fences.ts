// Cruises the real tree, then a copy with one planted violation per rule: a rule that misses its plant is
// reported, because a fence that cannot fail protects nothing.
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from './spawn.ts';

/** Rule → file that breaks it, and its content. */
const plants: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  'no-cycles': [
    [
      'packages/domain/src/plant-a.ts',
      "import { b } from './plant-b.ts';\nexport const a = () => b;\n",
    ],
    [
      'packages/domain/src/plant-b.ts',
      "import { a } from './plant-a.ts';\nexport const b = () => a;\n",
    ],
  ],
  'domain-is-pure': [
    ['packages/domain/src/plant-c.ts', "export { readFileSync } from 'node:fs';\n"],
  ],
  'contracts-know-the-domain-only': [
    ['packages/contracts/src/plant.ts', "export { openStore } from '../../store/src/index.ts';\n"],
  ],
  'control-knows-the-domain-only': [
    ['packages/control/src/plant.ts', "export { openStore } from '../../store/src/index.ts';\n"],
  ],
  'adapters-do-not-meet': [
    ['packages/store/src/plant.ts', "export * from '../../queue/src/index.ts';\n"],
  ],
  'drivers-do-not-meet': [
    ['packages/cluster/src/local/plant.ts', "export * from '../slurm-ssh/plant.ts';\n"],
    ['packages/cluster/src/slurm-ssh/plant.ts', 'export const x = 1;\n'],
  ],
  'services-do-not-meet': [
    ['services/api/src/plant.ts', "export * from '../../proxy/src/config.ts';\n"],
  ],
  'adapters-only-in-compose': [
    ['services/api/src/plant-adapter.ts', "export { openStore } from '@wakefield/store';\n"],
  ],
  'only-via-the-front-door': [
    [
      'services/api/src/plant-door.ts',
      "export { jobName } from '../../../packages/domain/src/vocabulary/ids.ts';\n",
    ],
  ],
  'testkit-only-in-tests': [
    [
      'services/api/src/plant-testkit.ts',
      "export * from '../../../packages/testkit/src/index.ts';\n",
    ],
  ],
  'local-stack-stays-outside': [
    [
      'services/api/src/plant-stack.ts',
      "export * from '../../../packages/local-stack/src/index.ts';\n",
    ],
  ],
  'heappe-server-stands-alone': [
    [
      'packages/heappe-server/src/plant.ts',
      "export { ClusterError } from '../../control/src/index.ts';\n",
    ],
  ],
  'heappe-server-only-in-tests': [
    [
      'packages/cluster/src/plant-heappe-server.ts',
      "export { startHeappeServer } from '../../heappe-server/src/index.ts';\n",
    ],
  ],
  'no-unresolvable': [['packages/domain/src/plant-d.ts', "export { z } from 'zod';\n"]],
};

/** Below this many modules the cruiser has gone blind. */
const FEWEST_MODULES = 100;

interface Report {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
    }[];
  };
}

/** @returns 0 when the tree is clean and every fence holds */
export async function fences(): Promise<number> {
  const real = await cruise(root);
  const problems = real.summary.violations.map(
    ({ rule, from, to }) => `${rule.name}: ${from} → ${to}`,
  );
  const own = real.modules.filter(({ source }) => /^(packages|services)\//.test(source));
  if (own.length < FEWEST_MODULES) problems.push(`only ${own.length} modules were read`);
  const copy = await mkdtemp(join(tmpdir(), 'wakefield-fences-'));
  try {
    await plant(copy);
    const found = (await cruise(copy)).summary.violations;
    for (const [rule, files] of Object.entries(plants)) {
      const hit = found.some(
        (v) => v.rule.name === rule && files.some(([file]) => v.from === file),
      );
      if (!hit) problems.push(`${rule}: its planted violation was not reported`);
    }
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
  for (const problem of problems) console.error(`  ${problem}`);
  return problems.length === 0 ? 0 : 1;
}

async function plant(copy: string): Promise<void> {
  const skip = (path: string) => !/\/(dist|\.wakefield|migrations)(\/|$)/.test(path);
  for (const part of [
    'packages',
    'services',
    'package.json',
    'tsconfig.base.json',
    'tsconfig.check.json',
  ]) {
    // Symbolic links inside node_modules stay relative to the copy, as pnpm made them.
    await cp(join(root, part), join(copy, part), {
      recursive: true,
      filter: skip,
      verbatimSymlinks: true,
    });
  }
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const [file, text] of Object.values(plants).flat()) {
    await mkdir(dirname(join(copy, file)), { recursive: true });
    await writeFile(join(copy, file), text);
  }
}

async function cruise(directory: string): Promise<Report> {
  const args = [
    join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs'),
    '--config',
    join(root, '.dependency-cruiser.cjs'),
    '--output-type',
    'json',
    'packages',
    'services',
  ];
  const child = spawn(process.execPath, args, {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  for await (const chunk of child.stdout) text += chunk;
  return JSON.parse(text) as Report;
}
