// The arrows of the house (docs/architecture.md). test/architecture/arrows.test.ts proves that a planted violation is caught
// and that every source file was cruised.
const except = (...rooms) => `^src/(?!(${rooms.join('|')})(/|\\.|$))`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: { path: '^(src|console)' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'domain-imports-nothing',
      severity: 'error',
      from: { path: '^src/domain', pathNot: '\\.test\\.ts$' },
      to: { pathNot: '^src/domain' },
    },
    {
      name: 'errors-import-only-errors',
      severity: 'error',
      from: { path: '^src/errors' },
      to: { pathNot: '^src/(errors|domain)' },
    },
    {
      name: 'drivers-never-import-each-other',
      severity: 'error',
      from: { path: '^src/sandbox/drivers/([^/]+)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/sandbox/drivers/', pathNot: '^src/sandbox/drivers/$1/' },
    },
    {
      name: 'sandbox-knows-nothing-above',
      severity: 'error',
      from: { path: '^src/sandbox', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/', pathNot: '^src/(sandbox|domain|errors)/' },
    },
    {
      name: 'contract-imports-no-implementation',
      severity: 'error',
      from: { path: '^src/contract' },
      to: { path: '^src/sandbox/', pathNot: '^src/contract' },
    },
    {
      name: 'pool-knows-only-the-contract',
      severity: 'error',
      from: { path: '^src/pool', pathNot: '\\.test\\.ts$|^src/pool/testing/' },
      to: { path: '^src/', pathNot: '^src/(pool|domain|errors|ids)/|^src/contract/|^src/invoke/types' },
    },
    {
      name: 'invoke-knows-pool-records-contract',
      severity: 'error',
      from: { path: '^src/invoke', pathNot: '\\.test\\.ts$|^src/invoke/testing/' },
      to: {
        path: '^src/',
        pathNot: '^src/(invoke|domain|errors|ids)/|^src/pool/types|^src/records/records\\.ts|^src/contract/',
      },
    },
    {
      name: 'compare-knows-classes-and-the-contract',
      severity: 'error',
      from: { path: '^src/compare', pathNot: '\\.test\\.ts$' },
      to: {
        path: '^src/',
        pathNot:
          '^src/(compare|domain|errors|ids)/|^src/pool/(plan/sandbox-class|supply/(load-settings|sandbox-spec)|driver-registry)\\.ts|^src/contract/|^src/invoke/(types|try-request|outcome/)|^src/store/control-store\\.ts',
      },
    },
    {
      name: 'only-the-store-touches-sql',
      severity: 'error',
      from: { path: except('store'), pathNot: '\\.test\\.ts$' },
      to: { path: 'node:sqlite|^sqlite$|node_modules/kysely' },
    },
    {
      name: 'nobody-above-sees-drivers',
      severity: 'error',
      from: { path: except('main', 'sandbox', 'cli'), pathNot: '\\.test\\.ts$|/testing/' },
      to: { path: '^src/sandbox/(drivers|engines|images|wire|guard)/' },
    },
    {
      name: 'only-up-imports-main',
      severity: 'error',
      from: { path: except('main', 'cli/up') },
      to: { path: '^src/main\\.ts$' },
    },
    {
      name: 'cli-talks-to-the-client-only',
      severity: 'error',
      from: { path: '^src/cli', pathNot: '\\.test\\.ts$|^src/cli/(up|doctor|setup)/' },
      to: { path: '^src/', pathNot: '^src/(cli|client|config|errors|domain)/' },
    },
    {
      name: 'features-never-import-each-other',
      severity: 'error',
      from: { path: '^console/src/features/([^/]+)/' },
      to: { path: '^console/src/(features/(?!$1/)|app/)' },
    },
    {
      name: 'shared-knows-no-feature',
      severity: 'error',
      from: { path: '^console/src/shared' },
      to: { path: '^console/src/(features|app)/' },
    },
    {
      name: 'console-talks-to-the-client-only',
      severity: 'error',
      from: { path: '^console/src' },
      to: { path: '^src/', pathNot: '^src/(client|errors|domain)/' },
    },
    {
      name: 'console-runs-in-browsers',
      severity: 'error',
      from: { path: '^(console/src|src/client)', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'server-never-imports-the-console',
      severity: 'error',
      from: { path: '^src' },
      to: { path: '^console' },
    },
    { name: 'nothing-unresolved', severity: 'error', from: { path: '^(src|console)' }, to: { couldNotResolve: true } },
    {
      name: 'no-dev-packages-at-run-time',
      severity: 'error',
      from: { path: '^src', pathNot: '\\.test\\.ts$|/testing/|/conformance/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    exclude: { path: '^src/client/generated' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
