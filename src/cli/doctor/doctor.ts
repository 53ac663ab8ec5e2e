import { platform as getPlatform, listIsolation } from '../../client/generated/sdk.gen.ts';
import type { PlatformResponse } from '../../client/generated/types.gen.ts';
import { plainProse } from '../../domain/prose.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { table } from '../output/table.ts';

export const doctor: Command = {
  words: ['doctor'],
  summary: 'What is usable on the server, what is not, and the command that mends it',
  examples: ['coldframe doctor', 'coldframe doctor --json'],
  async run(context) {
    const platform = await context.data(getPlatform({ client: context.client }));
    const isolation = await context.data(listIsolation({ client: context.client }));
    const items = Array.isArray(isolation) ? isolation : isolation.items;
    context.out.data({ platform, isolation: items }, () => {
      const rows = items.map((one) => [
        one.isolation,
        one.state,
        unenforced(one.enforced),
        one.egress ? (one.egress.isProven ? 'yes' : 'no') : '-',
        one.runtimes.join(' '),
        plainProse(one.detail),
      ]);
      const fixes = items.filter((one) => one.fix).map((one) => `${one.isolation}: ${plainProse(one.fix ?? '')}`);
      const closed = items.filter((one) => one.egress?.isProven === false);
      const egress = closed.map((one) =>
        plainProse(`${one.isolation}, egress: ${one.egress?.detail} ${one.egress?.fix ?? ''}`).trim(),
      );
      const warnings = platform.warnings.map((warning) => `warning: ${plainProse(warning)}`);
      return [
        table(['isolation', 'state', 'not enforced', 'egress', 'runtimes', 'detail'], rows),
        ...(fixes.length > 0 ? ['', 'To mend:', ...fixes] : []),
        ...(egress.length > 0 ? ['', ...egress] : []),
        ...warnings,
        ...stuckLines(platform.stuck),
      ].join('\n');
    });
    return EXIT.ok;
  },
};

function stuckLines(stuck: PlatformResponse['stuck']): string[] {
  if (stuck.length === 0) return [];
  const rows = stuck.map((one) => [one.sandboxId, one.isolation, String(one.tries), one.since, one.reason]);
  return ['', 'Not removed from this host:', table(['sandbox', 'isolation', 'tries', 'since', 'reason'], rows)];
}

function unenforced(enforced: Record<string, boolean> | null): string {
  if (!enforced) return '-';
  return (
    Object.entries(enforced)
      .flatMap(([limit, isEnforced]) => (isEnforced ? [] : [limit]))
      .join(' ') || 'nothing'
  );
}
