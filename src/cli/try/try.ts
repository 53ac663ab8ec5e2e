import { isUtf8 } from 'node:buffer';
import { tryFunction } from '../../client/generated/sdk.gen.ts';
import type { TryFunctionData, TryFunctionResponses } from '../../client/generated/types.gen.ts';
import { visibleText } from '../../domain/visible-text.ts';
import type { CliContext } from '../cli-context.ts';
import type { Command } from '../command.ts';
import type { LocalTree } from '../deploy/local-tree.ts';
import { readLocalFunction } from '../deploy/read-folder.ts';
import { whatDiffers } from '../deploy/what-differs.ts';
import { EXIT } from '../exit-code.ts';
import { cancelOnInterrupt } from '../invoke/cancel-on-interrupt.ts';
import { readEvent } from '../invoke/read-event.ts';
import { invocationText } from '../output/invocation-text.ts';

export const tryCommand: Command = {
  words: ['try'],
  summary: 'Run local code once in a sandbox of its own; nothing is deployed',
  args: [{ name: '[path]', meaning: 'a file or folder; default .' }],
  options: [
    { name: '-e, --event <json>', meaning: 'the event; @file reads a file, - reads stdin; default {}' },
    {
      name: '--name <name>',
      meaning: 'whose settings are used where it is deployed already; default: the name in coldframe.json',
    },
  ],
  examples: ['coldframe try my-function --event @my-function/events/ada.json'],
  async run(context, [path = '.'], options) {
    const local = readLocalFunction(path);
    const { name: ownName, runtime, ...settings } = local.manifest;
    const name = String(options.name ?? ownName);
    const event: unknown = JSON.parse((await readEvent(options.event as string | undefined)).toString('utf8'));
    const files = textsOf(context, local.tree);
    const { client } = context;
    const body = { code: { files }, settings: { runtime, ...settings }, event } as TryFunctionData['body'];
    const tried = await cancelOnInterrupt(context, (token) =>
      context.data(tryFunction({ client, path: { name }, headers: { 'coldframe-cancel-token': token }, body })),
    );
    context.out.data(tried, () => `${invocationText(tried.invocation)}\n${resultShown(tried)}`);
    return tried.invocation.outcome === 'ok' ? EXIT.ok : EXIT.functionFailed;
  },
};

/** A try takes text; what else the folder holds is told, not sent. Nothing is kept of it, so files with secrets stay here too. */
function textsOf(context: CliContext, tree: LocalTree): Record<string, string> {
  const texts: [string, string][] = [];
  const leftOut = [
    ...tree.leftOut,
    ...[...tree.links.keys()].map((path) => ({ path, rule: 'a link; a try takes text' })),
  ];
  for (const [path, { content }] of tree.files) {
    if (tree.secrets.includes(path)) leftOut.push({ path, rule: 'it may hold secrets' });
    else if (isUtf8(content)) texts.push([path, content.toString('utf8')]);
    else leftOut.push({ path, rule: 'not text' });
  }
  for (const line of whatDiffers({ leftOut, followed: tree.followed })) context.out.progress(line);
  return Object.fromEntries(texts);
}

function resultShown({ result, resultText }: TryFunctionResponses[200]): string {
  if (resultText !== null) return visibleText(resultText, true);
  return result === null ? '' : JSON.stringify(result, null, 2);
}
