/** Keys of everything that is read from the API; invalidating a prefix covers what lies below it. */
export const queryKeys = {
  session: ['session'],
  /** The list and everything of each function. */
  functions: ['functions'],
  functionList: ['functions', { list: true }],
  activity: (window: string) => ['activity', window],
  function: (name: string) => ['functions', name],
  code: (name: string) => ['functions', name, 'code'],
  functionMetrics: (name: string, range: object) => ['functions', name, 'metrics', range],
  functionLogs: (name: string, filter: object) => ['functions', name, 'logs', filter],
  testEvents: (name: string) => ['functions', name, 'test-events'],
  comparisons: (name: string) => ['functions', name, 'comparisons'],
  comparison: (id: string) => ['comparison', id],
  metrics: (range: object) => ['metrics', range],
  invocations: (filter: object) => ['invocations', filter],
  invocation: (id: string) => ['invocation', id],
  platform: ['platform'],
  isolation: ['platform', 'isolation'],
  runtimes: ['platform', 'runtimes'],
  pool: ['platform', 'pool'],
  keys: ['keys'],
  templates: ['templates'],
} as const;
