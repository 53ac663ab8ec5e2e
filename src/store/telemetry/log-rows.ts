import type { Kysely } from 'kysely';
import { isAtLeast, type LogLevel, logLevelOf } from '../../domain/log-level.ts';
import type { LogQuery, StoredLogLine } from '../telemetry-store.ts';
import { linesOf } from './lines-text.ts';
import { invocationIdOf } from './page-cursor.ts';
import type { TelemetrySchema } from './telemetry-schema.ts';
import { utcMs } from './utc-ms.ts';

/** Blocks read at once: each read is a transaction of its own, at most 12 MiB and a few milliseconds long. */
const BLOCKS_PER_READ = 50;
/** A search that finds little stops here. It returns what it has, with a cursor to go on. */
const SEARCH_BUDGET_MS = 1_000;

type Keeps = (line: { at: string; text: string }, level: LogLevel) => boolean;

/** The output of one attempt. */
interface Block {
  invocation_id: string;
  number: number;
  function_name: string;
  lines_json: string | null;
}

/** The position of a line. It sorts as invocation, attempt, line. */
interface Position {
  invocationId: string;
  attempt: number;
  line: number;
}

/** Reads functions' output, newest line first. */
export class LogRows {
  readonly #db: Kysely<TelemetrySchema>;

  constructor(db: Kysely<TelemetrySchema>) {
    this.#db = db;
  }

  /** Once `isGivenUp` says that nobody waits for it, a search ends with what it has. */
  async list(
    query: LogQuery,
    isGivenUp: () => boolean,
  ): Promise<{ items: StoredLogLine[]; nextCursor: string | null }> {
    const budgetEndsMs = performance.now() + SEARCH_BUDGET_MS;
    const keeps = lineFilter(query);
    const items: StoredLogLine[] = [];
    let before = query.cursor === undefined ? null : positionOf(query.cursor);
    for (;;) {
      const blocks = await this.#blocksBefore(query, before);
      for (const block of blocks) {
        if (collect(query.functionId, block, before, keeps, items, query.limit))
          return { items, nextCursor: items.at(-1)?.id ?? null };
      }
      const last = blocks.at(-1);
      if (last === undefined || blocks.length < BLOCKS_PER_READ) return { items, nextCursor: null };
      before = { invocationId: last.invocation_id, attempt: last.number, line: 0 };
      // The news that its asker left comes in between two reads.
      await new Promise((resolve) => setImmediate(resolve));
      if (performance.now() > budgetEndsMs || isGivenUp()) return { items, nextCursor: cursorOf(before) };
    }
  }

  async #blocksBefore(query: LogQuery, before: Position | null): Promise<Block[]> {
    let select = this.#db
      .selectFrom('attempts')
      .innerJoin('invocations', 'invocations.id', 'attempts.invocation_id')
      .select(['attempts.invocation_id', 'attempts.number', 'invocations.function_name', 'attempts.lines_json'])
      .where('attempts.function_id', '=', query.functionId)
      .where('attempts.workspace_id', '=', query.workspaceId)
      .where('attempts.lines_json', 'is not', null)
      .orderBy('attempts.invocation_id', 'desc')
      .orderBy('attempts.number', 'desc')
      .limit(BLOCKS_PER_READ);
    if (query.invocationId !== undefined) select = select.where('attempts.invocation_id', '=', query.invocationId);
    if (query.from !== undefined) select = select.where('last_line_ms', '>=', utcMs(query.from, '/query/from'));
    if (query.to !== undefined) select = select.where('first_line_ms', '<', utcMs(query.to, '/query/to'));
    if (before !== null) {
      const { invocationId, attempt, line } = before;
      select = select
        .where('attempts.invocation_id', '<=', invocationId)
        .where((where) =>
          where.or([
            where('attempts.invocation_id', '<', invocationId),
            where('attempts.number', '<', attempt),
            ...(line > 0 ? [where('attempts.number', '=', attempt)] : []),
          ]),
        );
    }
    return select.execute();
  }
}

/** Adds the block's matching lines, last first. True when the page is full. */
function collect(
  functionId: string,
  block: Block,
  before: Position | null,
  keeps: Keeps,
  items: StoredLogLine[],
  limit: number,
): boolean {
  const lines = linesOf(block.lines_json);
  const isCursorBlock = before?.invocationId === block.invocation_id && before.attempt === block.number;
  const end = isCursorBlock ? Math.min(before.line, lines.length) : lines.length;
  for (let index = end - 1; index >= 0; index--) {
    const line = lines[index]!;
    const level = logLevelOf(line.stream, line.text);
    if (!keeps(line, level)) continue;
    items.push({
      id: cursorOf({ invocationId: block.invocation_id, attempt: block.number, line: index }),
      at: line.at,
      functionId,
      functionName: block.function_name,
      invocationId: block.invocation_id,
      stream: line.stream,
      level,
      text: line.text,
    });
    if (items.length >= limit) return true;
  }
  return false;
}

function lineFilter(query: LogQuery): Keeps {
  const contains = query.contains?.toLowerCase();
  const from = query.from === undefined ? null : utcMs(query.from, '/query/from');
  const to = query.to === undefined ? null : utcMs(query.to, '/query/to');
  return (line, level) => {
    if (query.level !== undefined && !isAtLeast(level, query.level)) return false;
    if (from !== null && Date.parse(line.at) < from) return false;
    if (to !== null && Date.parse(line.at) >= to) return false;
    return contains === undefined || line.text.toLowerCase().includes(contains);
  };
}

function cursorOf(position: Position): string {
  return `${position.invocationId}.${position.attempt}.${position.line}`;
}

function positionOf(cursor: string): Position {
  const match = /^(.+)\.(\d{1,9})\.(\d{1,9})$/.exec(cursor);
  const invocationId = invocationIdOf(match?.[1] ?? '');
  return { invocationId, attempt: Number(match?.[2]), line: Number(match?.[3]) };
}
