import type { Kysely, Selectable } from 'kysely';
import { isAtLeast, type LogLevel, logLevelOf } from '../../domain/log-level.ts';
import type { LogQuery, StoredLogLine } from '../telemetry-store.ts';
import { linesOf } from './invocation-rows.ts';
import { invocationIdOf } from './page-cursor.ts';
import type { TelemetrySchema } from './telemetry-schema.ts';
import { utcText } from './utc-text.ts';

/** Blocks read at once: each read is a transaction of its own, at most 12 MiB and a few milliseconds long. */
const BLOCKS_PER_READ = 50;
/** A search that finds little stops here and hands out what it has, with a cursor to go on. */
const SEARCH_BUDGET_MS = 1_000;

type Keeps = (line: { at: string; text: string }, level: LogLevel) => boolean;
type Block = Selectable<TelemetrySchema['log_blocks']>;

/** Where a line is: sorts as invocation, attempt, line. */
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

  async list(query: LogQuery): Promise<{ items: StoredLogLine[]; nextCursor: string | null }> {
    const budgetEndsMs = performance.now() + SEARCH_BUDGET_MS;
    const keeps = lineFilter(query);
    const items: StoredLogLine[] = [];
    let before = query.cursor === undefined ? null : positionOf(query.cursor);
    for (;;) {
      const blocks = await this.#blocksBefore(query, before);
      for (const block of blocks) {
        if (collect(block, before, keeps, items, query.limit)) return { items, nextCursor: items.at(-1)?.id ?? null };
      }
      const last = blocks.at(-1);
      if (last === undefined || blocks.length < BLOCKS_PER_READ) return { items, nextCursor: null };
      before = { invocationId: last.invocation_id, attempt: last.attempt, line: 0 };
      if (performance.now() > budgetEndsMs) return { items, nextCursor: cursorOf(before) };
    }
  }

  async #blocksBefore(query: LogQuery, before: Position | null): Promise<Block[]> {
    let select = this.#db
      .selectFrom('log_blocks')
      .selectAll()
      .where('function_id', '=', query.functionId)
      .where('workspace_id', '=', query.workspaceId)
      .orderBy('invocation_id', 'desc')
      .orderBy('attempt', 'desc')
      .limit(BLOCKS_PER_READ);
    if (query.invocationId !== undefined) select = select.where('invocation_id', '=', query.invocationId);
    if (query.from !== undefined) select = select.where('last_at', '>=', utcText(query.from, '/query/from'));
    if (query.to !== undefined) select = select.where('first_at', '<', utcText(query.to, '/query/to'));
    if (before !== null) {
      const { invocationId, attempt, line } = before;
      select = select
        .where('invocation_id', '<=', invocationId)
        .where((where) =>
          where.or([
            where('invocation_id', '<', invocationId),
            where('attempt', '<', attempt),
            ...(line > 0 ? [where('attempt', '=', attempt)] : []),
          ]),
        );
    }
    return select.execute();
  }
}

/** Adds the block's fitting lines, last first; true when the page is full. */
function collect(block: Block, before: Position | null, keeps: Keeps, items: StoredLogLine[], limit: number): boolean {
  const lines = linesOf(block.lines_json);
  const isCursorBlock = before?.invocationId === block.invocation_id && before.attempt === block.attempt;
  const end = isCursorBlock ? Math.min(before.line, lines.length) : lines.length;
  for (let index = end - 1; index >= 0; index--) {
    const line = lines[index]!;
    const level = logLevelOf(line.stream, line.text);
    if (!keeps(line, level)) continue;
    items.push({
      id: cursorOf({ invocationId: block.invocation_id, attempt: block.attempt, line: index }),
      at: line.at,
      functionId: block.function_id,
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
  const from = query.from === undefined ? null : utcText(query.from, '/query/from');
  const to = query.to === undefined ? null : utcText(query.to, '/query/to');
  return (line, level) => {
    if (query.level !== undefined && !isAtLeast(level, query.level)) return false;
    if (from !== null && line.at < from) return false;
    if (to !== null && line.at >= to) return false;
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
