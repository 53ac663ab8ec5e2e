import { putCode } from '../../../../../src/client/generated/sdk.gen.ts';
import { call, client } from '../../../shared/api/call.ts';
import type { ColdframeFunction } from '../../../shared/api/types.ts';

/** Deploys a zip over the revision named. Rejects with an ApiProblem: `function_changed` when it is another by now. */
export function putZip(name: string, revisionId: string, zip: File): Promise<ColdframeFunction> {
  return call(
    putCode({
      client,
      path: { name },
      body: zip as never,
      bodySerializer: (body) => body as never,
      headers: { 'if-match': `"${revisionId}"`, 'content-type': 'application/zip' },
    }),
  );
}
