import { Kysely } from 'kysely';
import type { Database, Reading, Transaction } from '../contract/engine.ts';
import { NodeSqliteDialect } from './node-sqlite-dialect.ts';
import type { OpenDatabase } from './open-database.ts';
import { isUniqueViolation } from './sqlite-failure.ts';

export interface SqliteDatabaseOptions {
  /** Sees the text of each statement once, before it runs. Throws in order to refuse it. */
  vet?(sql: string): void;
}

/** One of several pieces of work that share a commit. It is answered exactly once. */
export interface SharedWork<Schema> {
  isWrite: boolean;
  run(tx: Transaction<Schema>): Promise<unknown>;
  succeed(value: unknown): void;
  fail(error: unknown): void;
}

/** The contract's `Database` over one open SQLite connection. */
export class SqliteDatabase<Schema> implements Database<Schema> {
  readonly #raw: OpenDatabase['raw'];
  readonly #tx: Transaction<Schema>;
  #line: Promise<unknown> = Promise.resolve();

  constructor({ raw }: Pick<OpenDatabase, 'raw'>, { vet }: SqliteDatabaseOptions = {}) {
    this.#raw = raw;
    this.#tx = { db: new Kysely<Schema>({ dialect: new NodeSqliteDialect(raw, vet) }), isUniqueViolation };
  }

  transaction<T>(work: (tx: Transaction<Schema>) => Promise<T>): Promise<T> {
    return this.#inTurn(() => this.#commit('begin immediate', () => work(this.#tx)));
  }

  read<T>(work: (reading: Reading<Schema>) => Promise<T>): Promise<T> {
    return this.#inTurn(() => this.#commit('begin', () => work(this.#tx)));
  }

  /**
   * Runs pieces of work in order with one commit, so that they share its fsync. Each has a savepoint, so one that fails
   * leaves its neighbours alone. All are answered after the commit; when the commit fails, all fail.
   */
  commitTogether(works: readonly SharedWork<Schema>[]): Promise<void> {
    // Work that only reads takes no lock and does not touch the disk. Work that may write begins as a writer: if it
    // began as a reader, it could not write any more once another connection has written.
    const begin = works.some(({ isWrite }) => isWrite) ? 'begin immediate' : 'begin';
    return this.#inTurn(async () => {
      let answers: (() => void)[];
      try {
        answers = await this.#commit(begin, async () => {
          const results: (() => void)[] = [];
          for (const work of works) results.push(await this.#runInSavepoint(work));
          return results;
        });
      } catch (error) {
        answers = works.map((work) => () => work.fail(error));
      }
      for (const answer of answers) answer();
    });
  }

  async close(): Promise<void> {
    await this.#inTurn(async () => this.#raw.close());
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#line.then(work);
    this.#line = result.catch(() => undefined);
    return result;
  }

  async #commit<T>(begin: string, work: () => Promise<T>): Promise<T> {
    this.#raw.exec(begin);
    try {
      const value = await work();
      this.#raw.exec('commit');
      return value;
    } catch (error) {
      // A full or failing disk makes SQLite roll back by itself.
      if (this.#raw.isTransaction) this.#raw.exec('rollback');
      throw error;
    }
  }

  /** Throws only when the whole transaction is lost. */
  async #runInSavepoint(work: SharedWork<Schema>): Promise<() => void> {
    this.#raw.exec('savepoint one');
    try {
      const value = await work.run(this.#tx);
      this.#raw.exec('release one');
      return () => work.succeed(value);
    } catch (error) {
      if (!this.#raw.isTransaction) throw error;
      this.#raw.exec('rollback to one');
      this.#raw.exec('release one');
      return () => work.fail(error);
    }
  }
}
