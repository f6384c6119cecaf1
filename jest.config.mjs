// Kinds of test by file name. Start them with `npm test`, which brings the stores.
// - *.test.ts      pure
// - *.itest.ts     real Postgres, Redis, sshd, SLURM
// - e2e/*.e2e.ts   whole processes
// - *.faults.ts    the fault matrix and its traps (`npm run test:faults`)
// - e2e/*.vllm.ts  real vLLM (`npm run test:vllm`)
// - e2e/*.oidc.ts  a real Keycloak (`npm run test:oidc`)
const shared = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/scripts/strip-types.mjs' },
  moduleNameMapper: {
    '^@wakefield/([^/]+)$': '<rootDir>/packages/$1/src/index.ts',
    '^@wakefield/([^/]+)/(.+)$': '<rootDir>/packages/$1/src/$2.ts',
  },
  modulePathIgnorePatterns: ['/dist/', '/.wakefield/'],
  injectGlobals: false,
};

export default {
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/{packages,services,scripts,bench,e2e}/**/*.test.ts'],
    },
    {
      ...shared,
      displayName: 'integration',
      testMatch: ['<rootDir>/{packages,services,bench}/**/*.itest.ts'],
    },
    { ...shared, displayName: 'e2e', testMatch: ['<rootDir>/e2e/**/*.e2e.ts'] },
    { ...shared, displayName: 'faults', testMatch: ['<rootDir>/e2e/**/*.faults.ts'] },
    { ...shared, displayName: 'vllm', testMatch: ['<rootDir>/e2e/**/*.vllm.ts'] },
    { ...shared, displayName: 'oidc', testMatch: ['<rootDir>/e2e/**/*.oidc.ts'] },
  ],
  workerIdleMemoryLimit: '512MB',
};
