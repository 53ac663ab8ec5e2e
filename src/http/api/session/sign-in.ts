import Type from 'typebox';
import type { Principal } from '../../../auth/principal.ts';
import { ColdframeError } from '../../../errors/coldframe-error.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { CallerShares } from '../../serving/shares/caller-shares.ts';
import type { WrongKeys } from '../../serving/wrong-keys.ts';
import { SESSION, sessionBody, sessionCookie } from './session-schema.ts';

const CREDENTIAL = Type.String({ minLength: 1, maxLength: 512 });
const SIGN_IN = Type.Object(
  {
    token: Type.Optional(CREDENTIAL),
    key: Type.Optional(CREDENTIAL),
  },
  { additionalProperties: false, description: 'Exactly one: the token of a sign-in link, or a key.' },
);

/** Each is a write to the store while it lasts, a few milliseconds. */
const SIGN_INS_MAX = 100;
/** A fifth: a program that signs in without end holds up no other key's people. */
const SIGN_INS_EACH_MAX = 20;

/** Exchanges a link token or a key for the session cookie. Wrong ones are slowed, as everywhere. */
export function signIn(app: App, { auth, config }: HttpDeps, wrongKeys: WrongKeys): void {
  const shares = new CallerShares({ what: 'sign-ins', total: SIGN_INS_MAX, each: SIGN_INS_EACH_MAX });
  app.post(
    '/api/v1/session',
    {
      config: { access: 'open' },
      schema: {
        operationId: 'signIn',
        tags: ['session'],
        body: SIGN_IN,
        response: { 201: SESSION, default: PROBLEM },
      },
    },
    async (request, reply) => {
      const principal = await principalOf(auth, request.body);
      if (!principal) {
        await wrongKeys.slow(request.raw.socket);
        throw new ColdframeError(request.body.token === undefined ? 'unauthenticated' : 'link_token_invalid');
      }
      const leave = shares.enter(principal);
      const { token, expiresAt } = await auth.openSession(principal).finally(leave);
      const maxAgeSeconds = Math.max(0, Math.floor((Date.parse(expiresAt) - Date.now()) / 1_000));
      reply.code(201).header('set-cookie', sessionCookie(token, maxAgeSeconds, config.publicUrl));
      return sessionBody(principal);
    },
  );
}

async function principalOf(auth: HttpDeps['auth'], body: { token?: string; key?: string }): Promise<Principal | null> {
  if (body.token !== undefined && body.key === undefined) return auth.redeemLinkToken(body.token);
  if (body.key !== undefined && body.token === undefined) return auth.verifyKey(body.key);
  throw new ColdframeError('invalid_request', {
    errors: [{ path: '', message: 'must have exactly one of token and key' }],
  });
}
