import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';

/** Prepared statements kept per connection. One database has fewer queries than this. */
const STATEMENTS_MAX = 200;

/** Throws in order to refuse a statement by its text. */
type VetStatement = (sql: string) => void;

/**
 * Kysely over one open `node:sqlite` connection. Kysely's own SQLite dialect expects better-sqlite3 and reads no rows from
 * node:sqlite. Every query runs synchronously on the one connection, so transactions are the caller's BEGIN and COMMIT.
 */
export class NodeSqliteDialect implements Dialect {
  readonly #database: DatabaseSync;
  readonly #vet: VetStatement;

  /** `vet` sees each text once, before it is prepared. */
  constructor(database: DatabaseSync, vet: VetStatement = () => undefined) {
    this.#database = database;
    this.#vet = vet;
  }

  createDriver(): Driver {
    return new NodeSqliteDriver(this.#database, this.#vet);
  }

  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler();
  }

  createAdapter(): DialectAdapter {
    return new SqliteAdapter();
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new SqliteIntrospector(db);
  }
}

class NodeSqliteDriver implements Driver {
  readonly #connection: NodeSqliteConnection;
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync, vet: VetStatement) {
    this.#database = database;
    this.#connection = new NodeSqliteConnection(database, vet);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }

  async beginTransaction(): Promise<void> {
    this.#database.exec('begin immediate');
  }

  async commitTransaction(): Promise<void> {
    this.#database.exec('commit');
  }

  async rollbackTransaction(): Promise<void> {
    // SQLite rolls back by itself when the disk is full or fails.
    if (this.#database.isTransaction) this.#database.exec('rollback');
  }

  async releaseConnection(): Promise<void> {}

  /** Whoever opened the database closes it. */
  async destroy(): Promise<void> {}
}

class NodeSqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync;
  readonly #vet: VetStatement;
  readonly #statements = new Map<string, { statement: StatementSync; isReader: boolean }>();

  constructor(database: DatabaseSync, vet: VetStatement) {
    this.#database = database;
    this.#vet = vet;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { statement, isReader } = this.#prepared(query.sql);
    const parameters = query.parameters.map(boundValue);
    if (isReader) return { rows: statement.all(...parameters) as R[] };
    const { changes, lastInsertRowid } = statement.run(...parameters);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }

  // biome-ignore lint/correctness/useYield: Kysely's interface asks for a generator; nothing here streams.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('streaming is not offered: a read must not outlive its turn');
  }

  #prepared(sql: string): { statement: StatementSync; isReader: boolean } {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    this.#vet(sql);
    if (this.#statements.size >= STATEMENTS_MAX) this.#statements.clear();
    const statement = this.#database.prepare(sql);
    const prepared = { statement, isReader: statement.columns().length > 0 };
    this.#statements.set(sql, prepared);
    return prepared;
  }
}

function boundValue(value: unknown): SQLInputValue {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value === undefined) throw new TypeError('undefined cannot be bound to a query');
  return value as SQLInputValue;
}
