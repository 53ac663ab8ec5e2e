/**
 * A list of fields, written once as data: the type of what it describes, how that is packed for another thread, how it is
 * stored and how the API describes it all follow from the list.
 */
export type Field =
  /** `number` is any double, `integer` a whole one, `texts` a list of texts. */
  | { readonly kind: 'integer' | 'number' | 'flag' | 'texts'; readonly isNullable: boolean }
  | {
      readonly kind: 'text';
      readonly isNullable: boolean;
      /** Hardly ever the same twice, so that nobody should look whether it was seen before. */
      readonly isVaried?: boolean;
      /** For people who read the API. */
      readonly description?: string;
    }
  /** One word of a glossary list. */
  | { readonly kind: 'word'; readonly words: readonly string[]; readonly isNullable: boolean }
  | {
      readonly kind: 'group';
      readonly fields: Fields;
      readonly isNullable: boolean;
      /** For people who read the API. */
      readonly description?: string;
    }
  /** Any number of groups, in order. */
  | { readonly kind: 'list'; readonly fields: Fields; readonly isNullable: boolean };

export type Fields = Readonly<Record<string, Field>>;

/** What a list of fields describes. */
export type RecordOf<F extends Fields> = { -readonly [Name in keyof F]: ValueOf<F[Name]> };

export type ValueOf<F extends Field> = F['isNullable'] extends true ? Present<F> | null : Present<F>;

type Present<F> = F extends { kind: 'group'; fields: infer Inner extends Fields }
  ? RecordOf<Inner>
  : F extends { kind: 'list'; fields: infer Inner extends Fields }
    ? RecordOf<Inner>[]
    : F extends { kind: 'word'; words: readonly (infer Word)[] }
      ? Word
      : F extends { kind: keyof Plain }
        ? Plain[F['kind']]
        : never;

interface Plain {
  text: string;
  integer: number;
  number: number;
  flag: boolean;
  texts: string[];
}

export const TEXT = { kind: 'text', isNullable: false } as const;
export const VARIED_TEXT = { kind: 'text', isNullable: false, isVaried: true } as const;
export const TEXTS = { kind: 'texts', isNullable: false } as const;
export const INTEGER = { kind: 'integer', isNullable: false } as const;
export const NUMBER = { kind: 'number', isNullable: false } as const;
export const FLAG = { kind: 'flag', isNullable: false } as const;

export function word<const Words extends readonly string[]>(words: Words) {
  return { kind: 'word', words, isNullable: false } as const;
}

export function group<F extends Fields>(fields: F) {
  return { kind: 'group', fields, isNullable: false } as const;
}

export function list<F extends Fields>(fields: F) {
  return { kind: 'list', fields, isNullable: false } as const;
}

/** The same field, which may also be null. */
export function orNull<F extends Field>(field: F): Omit<F, 'isNullable'> & { readonly isNullable: true } {
  return { ...field, isNullable: true };
}

/** The same field, with words for people who read the API. */
export function described<F extends Field>(field: F, description: string) {
  return { ...field, description } as const;
}
