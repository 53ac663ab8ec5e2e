import Type from 'typebox';
import { logLevelOf } from '../../domain/log-level.ts';
import type { App } from '../app-types.ts';
import type { HttpDeps, LiveEntry, LiveTopic } from '../deps.ts';
import { invocationBody } from '../invocations/invocation-body.ts';
import { PROBLEM } from '../problems/problem-schema.ts';
import { queryError } from '../queries/time-query.ts';
import { type FeedStreams, lastEventIdOf } from './feed-streams.ts';

const TOPICS: readonly LiveTopic[] = ['invocations', 'logs', 'pool', 'host'];

const QUERY = Type.Object(
  {
    topics: Type.String({
      default: 'invocations',
      maxLength: 128,
      description: `Comma-separated: ${TOPICS.join(', ')}.`,
    }),
    function: Type.Optional(Type.String({ maxLength: 64, description: 'Only this function’s invocations and logs.' })),
  },
  { additionalProperties: false },
);

export function live(app: App, deps: HttpDeps, streams: FeedStreams): void {
  app.get(
    '/api/v1/live',
    {
      config: { access: 'read' },
      exposeHeadRoute: false,
      schema: {
        operationId: 'live',
        tags: ['live'],
        description:
          'Server-sent events named after their topic, with ids. Last-Event-ID resumes, or one `gap` event says what was lost.',
        querystring: QUERY,
        response: { 200: Type.String({ description: 'text/event-stream' }), default: PROBLEM },
      },
    },
    (request, reply) => {
      const { workspaceId } = request.principal;
      const { function: functionName } = request.query;
      streams.open(reply, {
        keyId: request.principal.keyId,
        subscription: {
          topics: topicsOf(request.query.topics),
          afterId: lastEventIdOf(request),
          workspaceId,
          functionId: functionName === undefined ? undefined : deps.functions.get(workspaceId, functionName).id,
        },
        send: (stream, entry) => stream.send(entry.event.topic, dataOf(entry), entry.id),
      });
    },
  );
}

function topicsOf(list: string): Set<LiveTopic> {
  const names = list.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !TOPICS.includes(name as LiveTopic));
  if (unknown !== undefined) throw queryError('topics', `must be of ${TOPICS.join(', ')}`);
  return new Set(names as LiveTopic[]);
}

function dataOf(entry: LiveEntry): string {
  const { event } = entry;
  if (event.topic === 'invocations')
    return JSON.stringify({ kind: event.kind, invocation: invocationBody(event.record) });
  if (event.topic === 'logs') {
    const { functionId, functionName, invocationId } = event;
    const lines = event.lines.map((line) => ({ ...line, level: logLevelOf(line.stream, line.text) }));
    return JSON.stringify({ functionId, functionName, invocationId, lines });
  }
  return JSON.stringify(event.data);
}
