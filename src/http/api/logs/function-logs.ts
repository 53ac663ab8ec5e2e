import Type from 'typebox';
import { isAtLeast, LOG_LEVELS, type LogLevel, logLevelOf } from '../../../domain/log-level.ts';
import type { LiveEntry } from '../../../records/live/live-feed.ts';
import type { StoredLogLine } from '../../../store/telemetry-store.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { oneOf, PAGE_QUERY, pageOf } from '../../serving/queries/list-schema.ts';
import { instantOf, queryError } from '../../serving/queries/time-query.ts';
import type { SseStream } from '../../serving/replies/sse-stream.ts';
import { askerOf } from '../../serving/shares/asker-of.ts';
import { NAME_PARAMS } from '../functions/function-schema.ts';
import { type FeedStreams, lastEventIdOf } from '../live/feed-streams.ts';

const LINE = Type.Object({
  id: Type.String(),
  at: Type.String(),
  functionId: Type.String(),
  functionName: Type.String(),
  invocationId: Type.String(),
  stream: oneOf(['stdout', 'stderr', 'platform'] as const),
  level: oneOf(LOG_LEVELS),
  text: Type.String(),
});

const QUERY = Type.Object(
  {
    ...PAGE_QUERY,
    follow: Type.Boolean({
      default: false,
      description: 'Server-sent events `log`: the newest lines, then each new one.',
    }),
    invocation: Type.Optional(Type.String({ maxLength: 64 })),
    contains: Type.Optional(Type.String({ maxLength: 256, description: 'Case-insensitive part of the text.' })),
    level: Type.Optional(
      Type.Unsafe<LogLevel>({
        ...oneOf(LOG_LEVELS),
        description: 'Only lines at least this serious, as they say themselves or by their stream.',
      }),
    ),
    from: Type.Optional(Type.String({ maxLength: 40 })),
    to: Type.Optional(Type.String({ maxLength: 40 })),
  },
  { additionalProperties: false },
);

export function functionLogs(app: App, deps: HttpDeps, streams: FeedStreams): void {
  app.get(
    '/api/v1/functions/:name/logs',
    {
      config: { access: 'read' },
      exposeHeadRoute: false,
      schema: {
        operationId: 'functionLogs',
        tags: ['logs'],
        params: NAME_PARAMS,
        querystring: QUERY,
        response: {
          200: {
            description: 'A page of lines; with `follow` events as they are printed.',
            content: { 'application/json': { schema: pageOf(LINE) }, 'text/event-stream': { schema: Type.String() } },
          },
          default: PROBLEM,
        },
      },
    },
    async (request, reply) => {
      const { workspaceId } = request.principal;
      const { follow, invocation, from, to, ...rest } = request.query;
      const fn = deps.functions.get(workspaceId, request.params.name);
      if (follow && (to !== undefined || rest.cursor !== undefined))
        throw queryError('follow', 'takes no to and no cursor');
      const afterId = follow ? lastEventIdOf(request) : null;
      const beforeReadId = deps.live.latestId;
      const query = {
        ...rest,
        workspaceId,
        functionId: fn.id,
        invocationId: invocation,
        from: instantOf('from', from),
        to: instantOf('to', to),
      };
      const page = await deps.records.logs(query, askerOf(request, reply));
      if (!follow) return page;
      const stored = afterId === null ? page.items.toReversed() : [];
      const isShown = shownAlready(stored, deps.live.latestId);
      streams.open(reply, {
        principal: request.principal,
        subscription: {
          topics: new Set(['logs'] as const),
          afterId: afterId ?? beforeReadId,
          workspaceId,
          functionId: fn.id,
        },
        before: (stream) => {
          for (const line of stored) stream.send('log', JSON.stringify(line));
        },
        send: (stream, entry) => {
          if (!isShown(entry))
            sendLines(stream, entry, { invocation, level: rest.level, contains: rest.contains?.toLowerCase() });
        },
      });
      return reply;
    },
  );
}

/** Replays what was published while the stored lines were read, except calls whose lines are among the stored ones. */
function shownAlready(stored: StoredLogLine[], afterReadId: number): (entry: LiveEntry) => boolean {
  const invocationIds = new Set(stored.map((line) => line.invocationId));
  return ({ id, event }) => id <= afterReadId && event.topic === 'logs' && invocationIds.has(event.invocationId);
}

interface Wanted {
  invocation: string | undefined;
  /** In lower case. */
  contains: string | undefined;
  level: LogLevel | undefined;
}

function sendLines(stream: SseStream, entry: LiveEntry, wanted: Wanted): void {
  const { event } = entry;
  if (event.topic !== 'logs') return;
  if (wanted.invocation !== undefined && event.invocationId !== wanted.invocation) return;
  for (const [index, line] of event.lines.entries()) {
    if (wanted.contains !== undefined && !line.text.toLowerCase().includes(wanted.contains)) continue;
    const level = logLevelOf(line.stream, line.text);
    if (wanted.level !== undefined && !isAtLeast(level, wanted.level)) continue;
    const { functionId, functionName, invocationId } = event;
    const sent: StoredLogLine = { id: `${entry.id}.${index}`, ...line, level, functionId, functionName, invocationId };
    stream.send('log', JSON.stringify(sent), entry.id);
  }
}
