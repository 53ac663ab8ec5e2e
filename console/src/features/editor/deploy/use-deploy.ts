import { useMutation, useQueryClient } from '@tanstack/react-query';
import { getFunction, putCode } from '../../../../../src/client/generated/sdk.gen.ts';
import { ApiProblem } from '../../../shared/api/api-problem.ts';
import { call, client } from '../../../shared/api/call.ts';
import { queryKeys } from '../../../shared/api/query-keys.ts';
import type { ColdframeFunction } from '../../../shared/api/types.ts';
import { codePayload } from '../draft/code-payload.ts';
import type { DraftModel } from '../draft/draft-model.ts';
import { codeKey } from '../draft/use-deployed-code.ts';
import { putZip } from './put-zip.ts';

export interface Deployed {
  revisionNumber: number;
  /** False when what is deployed is just that already. */
  hasChanged: boolean;
  /** By `performance.now()`: when the deploy was asked for. */
  startedAtMs: number;
  tookMs: number;
}

/**
 * Deploys the draft over the revision it began from; what others deployed meanwhile is never overwritten: then it rejects with
 * `function_changed`, and the function is read anew.
 */
export function useDeploy(functionName: string, model: DraftModel) {
  const queries = useQueryClient();
  return useMutation<Deployed, ApiProblem, File | null>({
    mutationFn: async (zip) => {
      const startedAtMs = performance.now();
      const { base } = model.snapshot();
      const files = model.files();
      try {
        const fn = await (zip === null ? putDraft(functionName, model) : putZip(functionName, base.revisionId, zip));
        const tookMs = performance.now() - startedAtMs;
        const { codeSha256, revision } = fn;
        const deployed = { revisionId: revision.id, revisionNumber: revision.number, codeSha256 };
        if (zip === null) {
          const { binaryFiles, links } = base;
          const executableFiles = base.executableFiles.filter((path) => path in files || !(path in base.files));
          const code = { codeSha256, files, binaryFiles, executableFiles, links };
          queries.setQueryData(codeKey(functionName, codeSha256), code);
          model.adopt({ ...deployed, ...code });
        } else {
          // The unsaved texts give way to the zip, which its deployer chose over them.
          model.rebase(base);
        }
        queries.setQueryData(queryKeys.function(functionName), fn);
        void queries.invalidateQueries({ queryKey: queryKeys.functions, exact: true });
        return { revisionNumber: revision.number, hasChanged: revision.id !== base.revisionId, startedAtMs, tookMs };
      } catch (error) {
        if (error instanceof ApiProblem && error.code === 'function_changed') {
          const fn = await call(getFunction({ client, path: { name: functionName } }));
          queries.setQueryData(queryKeys.function(functionName), fn);
        }
        throw error;
      }
    },
  });
}

function putDraft(name: string, model: DraftModel): Promise<ColdframeFunction> {
  return call(
    putCode({
      client,
      path: { name },
      body: codePayload(model) as never,
      headers: { 'if-match': `"${model.snapshot().base.revisionId}"` },
    }),
  );
}
