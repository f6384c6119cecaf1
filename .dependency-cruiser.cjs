// Who may import whom. scripts/fences.ts plants one violation of every rule and expects it to be reported,
// because a cruiser that reads no file is green, too.
const adapters = 'store|queue|cluster|auth|limits|recipes';
const test = '\\.(test|itest)\\.ts$|/conformance\\.ts$|^(packages|services)/[^/]+/test/';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Data flows in one direction; type-only cycles inside a package are harmless.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'domain-is-pure',
      comment: 'The domain decides; it reaches for nothing.',
      severity: 'error',
      from: { path: '^packages/domain/src/', pathNot: test },
      to: { pathNot: '^packages/domain/src/' },
    },
    {
      name: 'contracts-know-the-domain-only',
      comment: 'Wires are described in terms of the domain.',
      severity: 'error',
      from: { path: '^packages/contracts/src/', pathNot: test },
      to: { path: '^(packages|services)/', pathNot: '^packages/(contracts|domain)/' },
    },
    {
      name: 'control-knows-the-domain-only',
      comment: 'Use cases see ports, never an adapter.',
      severity: 'error',
      from: { path: '^packages/control/src/', pathNot: test },
      to: { path: '^(packages|services)/', pathNot: '^packages/(control|domain)/' },
    },
    {
      name: 'adapters-do-not-meet',
      comment: 'Joining two adapters is the work of a use case.',
      severity: 'error',
      from: { path: `^packages/(${adapters})/src/`, pathNot: test },
      to: { path: `^packages/(${adapters})/`, pathNot: '^packages/$1/' },
    },
    {
      name: 'drivers-do-not-meet',
      comment: 'A driver that needs another one hides a concept that belongs beside both.',
      severity: 'error',
      from: { path: '^packages/cluster/src/(slurm-ssh|local|heappe)/' },
      to: {
        path: '^packages/cluster/src/(slurm-ssh|local|heappe)/',
        pathNot: '^packages/cluster/src/$1/',
      },
    },
    {
      name: 'services-do-not-meet',
      comment: 'Services share packages, never each other.',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'adapters-only-in-compose',
      comment: 'One file per process knows what everything is made of.',
      severity: 'error',
      from: {
        path: '^services/[^/]+/src/',
        pathNot: `/src/compose[^/]*\\.ts$|/src/(cli/)?main\\.ts$|${test}`,
      },
      to: { path: `^packages/(${adapters})/`, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-via-the-front-door',
      comment: 'A package is its index; what is not there may change without notice.',
      severity: 'error',
      from: { path: '^(packages|services)/([^/]+)/' },
      to: {
        path: '^packages/[^/]+/src/',
        pathNot: [
          '^packages/$2/',
          '^packages/[^/]+/src/index\\.ts$',
          '^packages/queue/src/board\\.ts$',
          '^packages/testkit/src/oidc\\.ts$',
          '^packages/auth/src/auth-file\\.ts$',
          '^packages/runtime/src/yaml\\.ts$',
          '^packages/cluster/src/(cli|clusters-file)\\.ts$',
          '/conformance\\.ts$',
        ],
      },
    },
    {
      name: 'testkit-only-in-tests',
      comment: 'Nothing that runs at a site may need it.',
      severity: 'error',
      from: { path: '^(packages|services)/', pathNot: `${test}|^packages/testkit/` },
      to: { path: '^packages/testkit/' },
    },
    {
      name: 'local-stack-stays-outside',
      comment: 'Services do not know how they were started.',
      severity: 'error',
      from: { path: '^(services|packages)/', pathNot: `${test}|^packages/(testkit|local-stack)/` },
      to: { path: '^packages/local-stack/' },
    },
    {
      name: 'heappe-server-stands-alone',
      comment: 'A test server that shared code with the driver would share its mistakes.',
      severity: 'error',
      from: { path: '^packages/heappe-server/src/', pathNot: test },
      to: { path: '^(packages|services)/', pathNot: '^packages/heappe-server/' },
    },
    {
      name: 'heappe-server-only-in-tests',
      comment: 'Nothing that runs at a site may need it.',
      severity: 'error',
      from: {
        path: '^(packages|services)/',
        pathNot: `${test}|^packages/(heappe-server|local-stack|testkit)/`,
      },
      to: { path: '^packages/heappe-server/' },
    },
    {
      name: 'no-unresolvable',
      comment: 'An import that no package.json names.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(packages|services)/[^/]+/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.check.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.js', '.cjs', '.json'],
    },
  },
};
