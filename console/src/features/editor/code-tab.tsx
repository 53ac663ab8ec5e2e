import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { getFunction } from '../../../../src/client/generated/sdk.gen.ts';
import { call, client } from '../../shared/api/call.ts';
import { queryKeys } from '../../shared/api/query-keys.ts';
import type { ColdframeFunction } from '../../shared/api/types.ts';
import { ProblemNotice } from '../../shared/page/problem-notice.tsx';
import { SkeletonRows } from '../../shared/page/skeleton-rows.tsx';
import type { DeployedCode } from './draft/draft-model.ts';
import { useDeployedCode } from './draft/use-deployed-code.ts';
import { Workbench } from './workbench.tsx';

/** Deploys made elsewhere are noticed within this time. */
const LOOK_EVERY_MS = 4_000;

export default function CodeTab({ fn }: { fn: ColdframeFunction }) {
  useQuery({
    queryKey: queryKeys.function(fn.name),
    queryFn: ({ signal }) => call(getFunction({ client, path: { name: fn.name }, signal })),
    refetchInterval: LOOK_EVERY_MS,
  });
  const { deployed, error, retry } = useDeployedCode(fn);
  return <OpenedCode key={fn.id} fn={fn} deployed={deployed} error={error} onRetry={retry} />;
}

interface OpenedProps {
  fn: ColdframeFunction;
  deployed: DeployedCode | null;
  error: unknown;
  onRetry(): void;
}

/** Once there is code it stays, also while newer code is read. */
function OpenedCode({ fn, deployed, error, onRetry }: OpenedProps) {
  const [shown, setShown] = useState(deployed);
  if (deployed !== null && deployed !== shown) setShown(deployed);
  if (shown !== null) return <Workbench fn={fn} deployed={shown} />;
  if (error) return <ProblemNotice error={error} onRetry={onRetry} />;
  return <SkeletonRows label={`Loading the code of ${fn.name}`} count={12} />;
}
