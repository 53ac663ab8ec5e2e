import { functionMetrics, metrics as workspaceMetrics } from '../../client/generated/sdk.gen.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { formatMib, formatMs, table } from '../output/table.ts';

export const metrics: Command = {
  words: ['metrics'],
  summary: 'Calls, errors, starts and latencies over a window',
  args: [{ name: '[function]', meaning: 'only of this function' }],
  options: [
    { name: '--window <window>', meaning: 'e.g. 15m, 1h, 7d; default 1h' },
    { name: '--step <step>', meaning: 'e.g. 1m, 1h; default 5m' },
  ],
  examples: ['coldframe metrics', 'coldframe metrics hello --window 24h --step 1h'],
  async run(context, [name], options) {
    const query = { window: String(options.window ?? '1h'), step: String(options.step ?? '5m') };
    const result = name
      ? await context.data(functionMetrics({ client: context.client, path: { name }, query }))
      : await context.data(workspaceMetrics({ client: context.client, query }));
    const columns = [
      'from',
      'calls',
      'failed',
      'rate',
      'throttled',
      'cold',
      'claimed',
      'warm',
      'p50',
      'p95',
      'p99',
      'cpu',
      'peak',
    ];
    const row = (at: string, point: (typeof result)['totals']) => [
      at,
      point.invocations,
      point.errors,
      point.errorRate === null ? '-' : `${Math.round(point.errorRate * 1000) / 10}%`,
      point.throttles,
      point.cold,
      point.claimed,
      point.warm,
      formatMs(point.p50Ms),
      formatMs(point.p95Ms),
      formatMs(point.p99Ms),
      formatMs(point.cpuMs),
      formatMib(point.maxMemoryMib),
    ];
    context.out.data(result, () =>
      table(columns, [...result.points.map((point) => row(point.at, point)), row('total', result.totals)]),
    );
    return EXIT.ok;
  },
};
