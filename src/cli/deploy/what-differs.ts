import { visibleText } from '../../domain/visible-text.ts';
import type { LocalTree } from './local-tree.ts';

/** Names told of one rule; a folder of a thousand links would push everything else off the screen. */
const NAMES_TOLD_MAX = 10;

/** Lines for a person about where what is sent is not what is on disk, name for name; one for each rule. */
export function whatDiffers({ leftOut, followed }: Pick<LocalTree, 'leftOut' | 'followed'>): string[] {
  const byRule = Map.groupBy(leftOut, ({ rule }) => rule);
  const lines = [...byRule].map(([rule, some]) => `Left out (${visibleText(rule, true)}): ${named(some)}`);
  if (followed.length > 0)
    lines.push(
      `Sent in place of links that lead out: ${named(followed.map(({ path, to }) => ({ path: `${path} (${to})` })))}`,
    );
  return lines;
}

function named(some: { path: string }[]): string {
  const shown = some.slice(0, NAMES_TOLD_MAX).map(({ path }) => visibleText(path, true));
  return some.length > shown.length ? `${shown.join(', ')} and ${some.length - shown.length} more` : shown.join(', ');
}
