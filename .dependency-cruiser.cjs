// The arrows of the house (docs/architecture.md). test/architecture/arrows.test.ts plants one violation of every arrow that is
// not listed here, and shows that every source file was cruised.

/** What each room of src/ may import, besides itself; lowest rooms first. Nothing else is an arrow. */
const MAY_IMPORT = {
  domain: [],
  errors: ['domain'],
  ids: [],
  config: ['domain', 'errors'],
  contract: ['domain', 'errors'],
  telemetry: ['domain'],
  packages: ['domain', 'errors'],
  templates: ['domain', 'errors'],
  store: ['domain', 'errors', 'telemetry'],
  records: ['domain', 'errors', 'store', 'telemetry'],
  auth: ['domain', 'errors', 'ids', 'store'],
  host: ['domain', 'contract'],
  microvm: ['domain', 'contract', 'host'],
  images: ['domain', 'contract', 'host'],
  'sandbox/wire': [],
  'sandbox/guard': ['domain', 'contract', 'sandbox/wire'],
  'sandbox/drivers': ['domain', 'contract', 'host', 'microvm', 'images', 'sandbox/wire'],
  'sandbox/conformance': [
    'domain',
    'contract',
    'host',
    'microvm',
    'images',
    'sandbox/wire',
    'sandbox/guard',
    'sandbox/drivers',
  ],
  isolations: ['domain', 'errors', 'contract', 'host', 'images', 'store', 'telemetry'],
  pool: ['domain', 'errors', 'contract', 'isolations'],
  invoke: ['domain', 'errors', 'ids', 'contract', 'pool', 'records'],
  compare: ['domain', 'errors', 'ids', 'contract', 'store', 'isolations', 'pool', 'invoke'],
  catalog: ['domain', 'errors', 'ids', 'packages', 'store', 'isolations'],
  schedules: ['domain', 'errors', 'ids', 'store', 'telemetry'],
  http: [
    'domain',
    'errors',
    'contract',
    'store',
    'records',
    'auth',
    'templates',
    'pool',
    'invoke',
    'catalog',
    'schedules',
  ],
  client: [],
  cli: ['domain', 'errors', 'config', 'client'],
};
/** These parts of the command line run on the host itself: a server in the foreground, the doctor, the preparation of guests. */
const ON_THE_HOST = '^src/cli/(up|doctor|setup)/';
const NOT_SHIPPED = '\\.test\\.ts$|/testing/|-rig\\.ts$';

const at = (room) => `^src/${room}(/|\\.ts$)`;
const any = (rooms) => `^src/(${rooms.join('|')})(/|\\.ts$)`;

const roomRules = Object.entries(MAY_IMPORT).map(([room, others]) => ({
  name: `${room}-imports-only-what-it-may`,
  severity: 'error',
  from: { path: at(room), pathNot: room === 'cli' ? `${NOT_SHIPPED}|${ON_THE_HOST}` : NOT_SHIPPED },
  to: { path: '^src/', pathNot: any([room, ...others]) },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...roomRules,
    {
      name: 'no-circles',
      severity: 'error',
      from: { path: '^(src|console)' },
      to: { circular: true },
    },
    {
      name: 'rooms-are-listed',
      severity: 'error',
      from: { path: '^src/', pathNot: `${any(['main', ...Object.keys(MAY_IMPORT)])}|${NOT_SHIPPED}` },
      to: {},
    },
    {
      name: 'domain-imports-nothing',
      severity: 'error',
      from: { path: '^src/domain', pathNot: NOT_SHIPPED },
      to: { pathNot: '^src/domain' },
    },
    {
      name: 'drivers-never-import-each-other',
      severity: 'error',
      from: { path: '^src/sandbox/drivers/([^/]+)/', pathNot: NOT_SHIPPED },
      to: { path: '^src/sandbox/drivers/', pathNot: '^src/sandbox/drivers/$1/' },
    },
    {
      name: 'invoke-sees-of-pool-and-records-their-types',
      severity: 'error',
      from: { path: '^src/invoke', pathNot: NOT_SHIPPED },
      to: { path: '^src/(pool|records)/', pathNot: '^src/pool/types\\.ts|^src/records/records\\.ts' },
    },
    {
      name: 'compare-sees-of-the-pool-its-classes',
      severity: 'error',
      from: { path: '^src/compare', pathNot: NOT_SHIPPED },
      to: { path: '^src/pool/', pathNot: '^src/pool/state/sandbox-class\\.ts' },
    },
    {
      name: 'http-sees-of-its-neighbours-their-types',
      severity: 'error',
      from: { path: '^src/http', pathNot: NOT_SHIPPED },
      to: {
        path: '^src/(store|records|auth|templates|pool|invoke|catalog|schedules)/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'only-the-store-touches-sql',
      severity: 'error',
      from: { path: '^src/', pathNot: `${at('store')}|${NOT_SHIPPED}` },
      to: { path: 'node:sqlite|^sqlite$|node_modules/kysely' },
    },
    {
      name: 'only-the-engine-touches-sqlite',
      severity: 'error',
      from: { path: '^src/store/(contract|control|feed|conformance|rpc)/' },
      to: { path: 'node:sqlite|^sqlite$|^src/store/sqlite/' },
    },
    {
      name: 'workspaces-come-from-authorisation',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/(auth|main)/|${NOT_SHIPPED}` },
      to: { path: '^src/domain/default-workspace\\.ts$' },
    },
    {
      name: 'only-up-imports-main',
      severity: 'error',
      from: { path: '^src/', pathNot: `${at('main')}|^src/cli/up/` },
      to: { path: '^src/main\\.ts$' },
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
      from: { path: '^(console/src|src/client)', pathNot: NOT_SHIPPED },
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
      from: { path: '^src', pathNot: `${NOT_SHIPPED}|/conformance/` },
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
/** For the test; not enumerable, because the configuration's schema knows no such field. */
Object.defineProperty(module.exports, 'MAY_IMPORT', { value: MAY_IMPORT });
