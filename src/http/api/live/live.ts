import Type from 'typebox';
import { logLevelOf } from '../../../domain/log-level.ts';
import type { LiveEntry, LiveTopic } from '../../../records/live/live-feed.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { queryError } from '../../serving/queries/time-query.ts';
import { invocationBody } from '../invocations/invocation-body.ts';
import { ActivityBeat } from './activity-beat.ts';
import { type FeedStreams, lastEventIdOf } from './feed-streams.ts';

const FEED_TOPICS: readonly LiveTopic[] = ['invocations', 'logs', 'pool', 'host'];
const TOPICS = [...FEED_TOPICS, 'activity'] as const;
type Topic = (typeof TOPICS)[number];

const QUERY = Type.Object(
  {
    topics: Type.String({
      default: 'invocations',
      maxLength: 128,
      description: `Comma-separated: ${TOPICS.join(', ')}; activity counts finished invocations, at most twice a second.`,
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
        response: {
          200: {
            description: 'Events until either side ends them.',
            content: { 'text/event-stream': { schema: Type.String() } },
          },
          default: PROBLEM,
        },
      },
    },
    (request, reply) => {
      const { workspaceId } = request.principal;
      const { function: functionName } = request.query;
      const topics = topicsOf(request.query.topics);
      let beat: ActivityBeat | null = null;
      streams.open(reply, {
        principal: request.principal,
        subscription: {
          topics: feedTopicsOf(topics),
          afterId: lastEventIdOf(request),
          workspaceId,
          functionId: functionName === undefined ? undefined : deps.functions.get(workspaceId, functionName).id,
        },
        before: (stream) => {
          if (topics.has('activity')) beat = new ActivityBeat(stream);
        },
        send: (stream, entry) => {
          beat?.count(entry);
          if (topics.has(entry.event.topic)) stream.send(entry.event.topic, sharedDataOf(entry), entry.id);
        },
        onClose: () => beat?.stop(),
      });
    },
  );
}

function topicsOf(list: string): Set<Topic> {
  const names = list.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !TOPICS.includes(name as Topic));
  if (unknown !== undefined) throw queryError('topics', `must be of ${TOPICS.join(', ')}`);
  return new Set(names as Topic[]);
}

/** Activity is counted from the invocations. */
function feedTopicsOf(topics: ReadonlySet<Topic>): Set<LiveTopic> {
  return new Set([...topics].map((topic) => (topic === 'activity' ? 'invocations' : topic)));
}

const SHARED_DATA = new WeakMap<LiveEntry, string>();

/** Made once for all listeners. Otherwise two hundred listeners would each cost the serving thread a record's JSON. */
function sharedDataOf(entry: LiveEntry): string {
  let data = SHARED_DATA.get(entry);
  if (data === undefined) {
    data = dataOf(entry);
    SHARED_DATA.set(entry, data);
  }
  return data;
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
