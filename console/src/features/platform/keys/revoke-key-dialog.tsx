import { useMutation, useQueryClient } from '@tanstack/react-query';
import { deleteKey } from '../../../../../src/client/generated/sdk.gen.ts';
import { call, client } from '../../../shared/api/call.ts';
import { queryKeys } from '../../../shared/api/query-keys.ts';
import type { ApiKey } from '../../../shared/api/types.ts';
import { ConfirmByName } from '../../../shared/controls/confirm-by-name.tsx';

/** `doomed` null is closed. */
export function RevokeKeyDialog({ doomed, onClose }: { doomed: ApiKey | null; onClose(): void }) {
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: (id: string) => call(deleteKey({ client, path: { id } })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: queryKeys.keys });
      close();
    },
  });
  const close = (): void => {
    revoke.reset();
    onClose();
  };
  return (
    <ConfirmByName
      name={doomed?.name ?? ''}
      title={`Revoke ${doomed?.name ?? ''}`}
      confirmLabel="Revoke key"
      isOpen={doomed !== null}
      isBusy={revoke.isPending}
      error={revoke.error}
      onClose={close}
      onConfirm={() => doomed !== null && revoke.mutate(doomed.id)}
    >
      Whatever uses it is refused from now on, and so is every browser that signed in with it.
    </ConfirmByName>
  );
}
