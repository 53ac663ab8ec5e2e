import type { Kysely } from 'kysely';

/** What a named statement gets to work with. */
export interface Reading<Schema> {
  db: Kysely<Schema>;
}

/**
 * What a named write gets to work with. Everything it does is committed together or not at all. A write that catches an
 * error of a statement must end by throwing, because on some engines that error has already ended the transaction.
 */
export interface Transaction<Schema> extends Reading<Schema> {
  /** Whether a statement failed because another row has the same unique key. */
  isUniqueViolation(error: unknown): boolean;
}

/**
 * One connection to a database of an engine. Work on it runs one after another, in the order asked. Other connections, of
 * this process or of another server, may be open on the same database.
 */
export interface Database<Schema> {
  /**
   * Runs `work` in one transaction, which begins as a writer: what it reads cannot change before it writes. Resolves
   * once all of it is durable. Rejects with what `work` threw, and then nothing of it is stored. Must not be called
   * inside `work`.
   */
  transaction<T>(work: (tx: Transaction<Schema>) => Promise<T>): Promise<T>;
  /** Runs `work` on one unchanging view of what was committed before it began. */
  read<T>(work: (reading: Reading<Schema>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Names of column types that engines do not share. 64-bit integers are `bigint` and measures `double precision` on each. */
export interface ColumnTypes {
  bytes: 'blob' | 'bytea';
}

/** One step of a schema. Numbers count up from 1 without gaps. A released step is never changed again. */
export interface Migration {
  number: number;
  name: string;
  /** Runs in a transaction of its own, with foreign keys enforced. */
  up(db: Kysely<unknown>, types: ColumnTypes): Promise<void>;
}
