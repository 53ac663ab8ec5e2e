import { tryFunction } from '../../client/generated/sdk.gen.ts';
import type { TryFunctionData, TryFunctionResponses } from '../../client/generated/types.gen.ts';
import { visibleText } from '../../domain/visible-text.ts';
import type { Command } from '../command.ts';
import { readLocalFunction } from '../deploy/read-folder.ts';
import { EXIT } from '../exit-code.ts';
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
    const files = Object.fromEntries([...local.files].map(([file, content]) => [file, content.toString('utf8')]));
    const { client } = context;
    const tried = await context.data(
      tryFunction({
        client,
        path: { name },
        body: { code: { files }, settings: { runtime, ...settings }, event } as TryFunctionData['body'],
      }),
    );
    context.out.data(tried, () => `${invocationText(tried.invocation)}\n${resultShown(tried)}`);
    return tried.invocation.outcome === 'ok' ? EXIT.ok : EXIT.functionFailed;
  },
};

function resultShown({ result, resultText }: TryFunctionResponses[200]): string {
  if (resultText !== null) return visibleText(resultText, true);
  return result === null ? '' : JSON.stringify(result, null, 2);
}
