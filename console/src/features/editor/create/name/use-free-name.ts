import { useQuery } from '@tanstack/react-query';
import { readFreeName } from './read-free-name.ts';

/** A name like `wanted` that no function has; null until it is known. */
export function useFreeName(wanted: string): string | null {
  const { data, isError } = useQuery({
    queryKey: ['free-name', wanted],
    queryFn: ({ signal }) => readFreeName(wanted, signal),
    placeholderData: undefined,
  });
  return isError ? wanted : (data ?? null);
}
