import { ZipFile } from 'yazl';
import {
  createFunction,
  deleteFunction,
  getFunction,
  putCode,
  updateFunction,
} from '../../client/generated/sdk.gen.ts';
import type {
  CreateFunctionData,
  CreateFunctionResponses,
  UpdateFunctionData,
} from '../../client/generated/types.gen.ts';
import { standInCode } from '../../domain/stand-in-code.ts';
import { type CliContext, type Problem, refused } from '../cli-context.ts';
import { CliError } from '../exit-code.ts';
import type { LocalTree } from './local-tree.ts';
import type { LocalFunction } from './read-folder.ts';

export type DeployedFunction = CreateFunctionResponses[201];

export interface Deployed {
  fn: DeployedFunction;
  wasCreated: boolean;
}

/** Plain text up to this goes as JSON; links, files that may be run and anything else go as a zip. */
const JSON_MAX_BYTES = 5 * 1024 * 1024;

/**
 * Creates the function or, when the name is taken, updates its settings and code. Settings first: a runtime change must not
 * meet the old code's checks afterwards. A function whose first code could not be sent is removed again.
 */
export async function sendFunction(context: CliContext, local: LocalFunction): Promise<Deployed> {
  const { name, runtime, ...settings } = local.manifest;
  const { client } = context;
  const existing = await getFunction({ client, path: { name } });
  if (!existing.response) throw context.unreachable(existing.error);
  const files = plainTexts(local.tree);
  if (existing.response.status === 404) {
    if (files)
      return {
        fn: await context.data(
          createFunction({
            client,
            body: { name, runtime, code: { files }, ...settings } as CreateFunctionData['body'],
          }),
        ),
        wasCreated: true,
      };
    return { fn: await createFromZip(context, local), wasCreated: true };
  }
  if (!existing.response.ok) throw refused(existing.response.status, existing.error as Problem);
  await context.data(
    updateFunction({ client, path: { name }, body: { runtime, ...settings } as UpdateFunctionData['body'] }),
  );
  if (files)
    return { fn: await context.data(putCode({ client, path: { name }, body: { files } as never })), wasCreated: false };
  return { fn: await putZip(context, name, local.tree), wasCreated: false };
}

async function createFromZip(context: CliContext, { manifest, tree }: LocalFunction): Promise<DeployedFunction> {
  const { name, runtime, handler } = manifest;
  const { client } = context;
  const code = { files: standInCode(runtime, handler === undefined ? undefined : String(handler)) };
  await context.data(createFunction({ client, body: { ...manifest, code } as CreateFunctionData['body'] }));
  try {
    return await putZip(context, name, tree);
  } catch (error) {
    await deleteFunction({ client, path: { name } });
    throw error;
  }
}

async function putZip(context: CliContext, name: string, tree: LocalTree): Promise<DeployedFunction> {
  const reply = await context.fetch(`/api/v1/functions/${encodeURIComponent(name)}/code`, {
    method: 'PUT',
    headers: { 'content-type': 'application/zip' },
    body: await zip(tree),
  });
  if (!reply.ok) throw refused(reply.status, (await reply.json().catch(() => undefined)) as Problem | undefined);
  return (await reply.json()) as DeployedFunction;
}

/** Null when JSON cannot say it: links, executable bits, what is not UTF-8 text, or too much. */
function plainTexts({ files, links }: LocalTree): Record<string, string> | null {
  if (links.size > 0) return null;
  const texts: Record<string, string> = {};
  let bytes = 0;
  for (const [path, { content, isExecutable }] of files) {
    if (isExecutable) return null;
    bytes += content.length;
    if (bytes > JSON_MAX_BYTES) return null;
    try {
      texts[path] = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
    } catch {
      return null;
    }
  }
  return texts;
}

async function zip({ files, links }: LocalTree): Promise<Buffer<ArrayBuffer>> {
  const archive = new ZipFile();
  const mtime = new Date(0);
  for (const [path, { content, isExecutable }] of files)
    archive.addBuffer(content, path, { mtime, mode: isExecutable ? 0o100755 : 0o100644 });
  for (const [path, target] of links)
    archive.addBuffer(Buffer.from(target), path, { mtime, mode: 0o120777, compress: false });
  archive.end();
  const chunks: Buffer[] = [];
  for await (const chunk of archive.outputStream) chunks.push(chunk as Buffer);
  if (chunks.length === 0) throw new CliError(2, 'There is nothing to deploy.');
  return Buffer.concat(chunks);
}
