import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { deleteFunction } from '../../../../src/client/generated/sdk.gen.ts';
import { WHAT_DELETE_DOES } from '../../../../src/domain/what-delete-does.ts';
import type { ApiProblem } from '../../shared/api/api-problem.ts';
import { call, client } from '../../shared/api/call.ts';
import { queryKeys } from '../../shared/api/query-keys.ts';
import { ConfirmByName } from '../../shared/controls/confirm-by-name.tsx';
import { Section } from './fields/section.tsx';

export function DeleteSection({ name }: { name: string }) {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const [isAsking, setIsAsking] = useState(false);
  const remove = useMutation<unknown, ApiProblem>({
    mutationFn: () => call(deleteFunction({ client, path: { name } })),
    onSuccess: () => {
      navigate('/');
      queries.removeQueries({ queryKey: queryKeys.function(name) });
      void queries.invalidateQueries({ queryKey: queryKeys.functions });
    },
  });
  return (
    <Section title="Delete" about={WHAT_DELETE_DOES}>
      <div>
        <Button color="red" variant="outline" onClick={() => setIsAsking(true)}>
          Delete {name}
        </Button>
      </div>
      <ConfirmByName
        name={name}
        title={`Delete ${name}?`}
        confirmLabel="Delete the function"
        isOpen={isAsking}
        isBusy={remove.isPending}
        error={remove.error}
        onClose={() => setIsAsking(false)}
        onConfirm={() => remove.mutate()}
      >
        {WHAT_DELETE_DOES}
      </ConfirmByName>
    </Section>
  );
}
