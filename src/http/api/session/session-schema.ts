import Type from 'typebox';
import type { Principal } from '../../../auth/principal.ts';
import { SCOPES } from '../../../domain/names.ts';
import { sessionCookieName } from '../../serving/own-cookies.ts';
import { oneOf } from '../../serving/queries/list-schema.ts';

export const SESSION = Type.Object({ workspace: Type.String(), scopes: Type.Array(oneOf(SCOPES)) });

export function sessionBody(principal: Principal) {
  return { workspace: principal.workspaceId, scopes: [...principal.scopes] };
}

/** An empty `token` with `maxAgeSeconds` 0 removes the cookie. */
export function sessionCookie(token: string, maxAgeSeconds: number, publicUrl: URL | null): string {
  const secure = publicUrl?.protocol === 'https:' ? '; Secure' : '';
  return `${sessionCookieName(publicUrl)}=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSeconds}${secure}`;
}
