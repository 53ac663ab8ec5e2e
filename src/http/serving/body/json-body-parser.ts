import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { ColdframeError } from '../../../errors/coldframe-error.ts';
import type { BodyBudget } from './body-budget.ts';
import type { Holding, Party } from './holding.ts';
import { isCheapJson } from './json-work.ts';
import { readBody } from './read-body.ts';

type Done = (error: Error | null, body?: unknown) => void;
type Parser = (request: FastifyRequest, payload: IncomingMessage, done: Done) => void;

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Bytes of a body within the route's bodyLimit, counted against the budget until the reply has left. */
export function createRawBodyParser(budget: BodyBudget): Parser {
  return (request, _payload, done) => {
    // The principal is already known: keys are checked before a body is read.
    const party: Party = { listener: 'console', functionId: null, isTrusted: request.principal !== null };
    readBody(request.raw, request.routeOptions.bodyLimit, budget, party, {
      onBody(body, held) {
        if (held !== 0) releaseAfterReply(request, budget, held);
        done(null, body);
      },
      onRefused: (error) => done(error),
      // Nobody is left to answer. The error only ends Fastify's own bookkeeping.
      onGone: () => done(new ColdframeError('bad_http')),
    });
  };
}

/** The same body, parsed as JSON. `__proto__` and `constructor` are ordinary keys. The schema refuses unknown ones. */
export function createJsonBodyParser(budget: BodyBudget): Parser {
  const readRaw = createRawBodyParser(budget);
  return (request, payload, done) => {
    readRaw(request, payload, (error, body) => {
      if (error) done(error);
      else if ((body as Buffer).length === 0) done(null, undefined);
      else parseJson(body as Buffer, done);
    });
  };
}

function parseJson(body: Buffer, done: Done): void {
  if (!isCheapJson(body)) {
    done(new ColdframeError('json_too_complex'));
    return;
  }
  let value: unknown;
  try {
    value = JSON.parse(UTF8.decode(body));
  } catch (error) {
    done(new ColdframeError('invalid_json', { cause: error }));
    return;
  }
  done(null, value);
}

function releaseAfterReply(request: FastifyRequest, budget: BodyBudget, held: number | Holding): void {
  const release = (): void => {
    budget.release(held);
    request.raw.off('close', release);
  };
  request.raw.once('close', release);
}
