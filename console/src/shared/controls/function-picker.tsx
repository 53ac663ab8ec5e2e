import { Autocomplete } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { listFunctions } from '../../../../src/client/generated/sdk.gen.ts';
import { call, client } from '../api/call.ts';
import { queryKeys } from '../api/query-keys.ts';

const SUGGESTED = 20;
const TYPING_MS = 200;

interface Props {
  /** The chosen function's name; empty for all. */
  value: string;
  onChange(name: string): void;
  placeholder?: string;
}

/** Picks a function by a part of its name; Enter takes what was typed. */
export function FunctionPicker({ value, onChange, placeholder = 'All functions' }: Props) {
  const [typed, setTyped] = useState(value);
  const [asked, setAsked] = useState(value);
  // An address that changed by itself (Back, a link) is what counts.
  if (asked !== value) {
    setAsked(value);
    setTyped(value);
  }
  const [q] = useDebouncedValue(typed, TYPING_MS);
  const { data } = useQuery({
    queryKey: [...queryKeys.functions, 'names', q],
    queryFn: ({ signal }) => call(listFunctions({ client, query: { q, limit: SUGGESTED }, signal })),
  });
  const names = [...new Set(data?.items.map(({ name }) => name))];
  return (
    <Autocomplete
      size="xs"
      aria-label="Function"
      placeholder={placeholder}
      value={typed}
      data={names}
      limit={SUGGESTED}
      onChange={(text) => {
        setTyped(text);
        if (text === '') onChange('');
      }}
      onOptionSubmit={onChange}
      onKeyDown={(event) => {
        if (event.key === 'Enter') onChange(typed.trim());
      }}
      onBlur={() => {
        if (names.includes(typed.trim())) onChange(typed.trim());
      }}
      comboboxProps={{ shadow: 'sm' }}
    />
  );
}
