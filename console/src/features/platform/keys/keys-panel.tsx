import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { listKeys } from '../../../../../src/client/generated/sdk.gen.ts';
import type { ApiProblem } from '../../../shared/api/api-problem.ts';
import { call, client } from '../../../shared/api/call.ts';
import { queryKeys } from '../../../shared/api/query-keys.ts';
import type { ApiKey } from '../../../shared/api/types.ts';
import { useSession } from '../../../shared/api/use-session.ts';
import { ProblemNotice } from '../../../shared/page/problem-notice.tsx';
import { Section } from '../../../shared/page/section.tsx';
import { SkeletonRows } from '../../../shared/page/skeleton-rows.tsx';
import table from '../../../shared/values/data-table.module.css';
import { CreateKeyDialog } from './create-key-dialog.tsx';
import { KeysTable } from './keys-table.tsx';
import { RevokeKeyDialog } from './revoke-key-dialog.tsx';

/** Who else may call the API, and with what. */
export function KeysPanel() {
  const { data: session } = useSession();
  const isAdmin = session?.scopes.includes('admin') ?? false;
  const keys = useQuery<ApiKey[], ApiProblem>({
    queryKey: queryKeys.keys,
    queryFn: async ({ signal }) => (await call(listKeys({ client, signal }))).items,
    enabled: isAdmin,
  });
  const [isCreating, setCreating] = useState(false);
  const [doomed, setDoomed] = useState<ApiKey | null>(null);
  if (!isAdmin)
    return (
      <Section title="Keys">
        <p className={table.quiet}>Keys are shown to whoever is signed in with scope admin.</p>
      </Section>
    );
  return (
    <Section
      title="Keys"
      aside={
        <Button variant="default" size="compact-xs" onClick={() => setCreating(true)}>
          New key
        </Button>
      }
    >
      {keys.error && !keys.data ? <ProblemNotice error={keys.error} onRetry={() => void keys.refetch()} /> : null}
      {keys.isPending ? <SkeletonRows count={2} label="Loading keys" /> : null}
      {keys.data ? <KeysTable keys={keys.data} onRevoke={setDoomed} /> : null}
      <CreateKeyDialog isOpen={isCreating} onClose={() => setCreating(false)} />
      <RevokeKeyDialog doomed={doomed} onClose={() => setDoomed(null)} />
    </Section>
  );
}
