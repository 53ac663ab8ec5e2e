import { createFunction, deleteFunction, putTestEvent } from '../../../../../src/client/generated/sdk.gen.ts';
import type { CreateFunctionData } from '../../../../../src/client/generated/types.gen.ts';
import { standInCode } from '../../../../../src/domain/stand-in-code.ts';
import { call, client } from '../../../shared/api/call.ts';
import type { ColdframeFunction, Template } from '../../../shared/api/types.ts';
import { putZip } from '../deploy/put-zip.ts';

/** Name, runtime, handler and other settings. */
export type NewSettings = Omit<CreateFunctionData['body'], 'code'>;

export interface NewFunction {
  settings: NewSettings;
  /** Path to text. */
  files: Record<string, string>;
  /** Saved with the function. */
  events: Template['events'];
}

/** Creates the function with its events saved. Rejects with an ApiProblem, and there is then no function. */
export async function createFromFiles({ settings, files, events }: NewFunction): Promise<ColdframeFunction> {
  const fn = await call(createFunction({ client, body: { ...settings, code: { files } } }));
  // The function is there whatever becomes of these: they are conveniences, and their panel can save them again.
  await Promise.allSettled(
    events.map(({ name: event, event: value }) =>
      call(putTestEvent({ client, path: { name: fn.name, event }, body: value as never })),
    ),
  );
  return fn;
}

/**
 * Creates the function with a zip as its code. The API takes a zip only for a function that is there, so it is made with a
 * stand-in first, and removed again when the zip is refused. Rejects with an ApiProblem.
 */
export async function createFromZip(settings: NewSettings, zip: File): Promise<ColdframeFunction> {
  const files = standInCode(settings.runtime, settings.handler);
  const fn = await call(createFunction({ client, body: { ...settings, code: { files } } }));
  try {
    return await putZip(fn.name, fn.revision.id, zip);
  } catch (error) {
    // Not when somebody deployed to it meanwhile: then it is theirs.
    await deleteFunction({ client, path: { name: fn.name }, headers: { 'if-match': fn.etag } });
    throw error;
  }
}
