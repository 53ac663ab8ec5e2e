import { useMutation, useQueryClient } from '@tanstack/react-query';
import { deleteFunction } from '../../../../src/client/generated/sdk.gen.ts';
import { WHAT_DELETE_DOES } from '../../../../src/domain/what-delete-does.ts';
import { call, client } from '../../shared/api/call.ts';
import { queryKeys } from '../../shared/api/query-keys.ts';
import { ConfirmByName } from '../../shared/controls/confirm-by-name.tsx';

/** `name` null is closed. */
export function DeleteFunctionDialog({ name, onClose }: { name: string | null; onClose(): void }) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: (doomed: string) => call(deleteFunction({ client, path: { name: doomed } })),
    onSuccess: async (_, doomed) => {
      queries.removeQueries({ queryKey: queryKeys.function(doomed) });
      await queries.invalidateQueries({ queryKey: queryKeys.functions });
      close();
    },
  });
  const close = (): void => {
    remove.reset();
    onClose();
  };
  return (
    <ConfirmByName
      name={name ?? ''}
      title={`Delete ${name ?? ''}`}
      confirmLabel="Delete function"
      isOpen={name !== null}
      isBusy={remove.isPending}
      error={remove.error}
      onClose={close}
      onConfirm={() => name !== null && remove.mutate(name)}
    >
      {WHAT_DELETE_DOES}
    </ConfirmByName>
  );
}
