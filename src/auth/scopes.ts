import type { Scope } from '../domain/names.ts';

/**
 * What each scope stands for. `admin` is everything; `deploy` reads too, since nobody deploys blind; `invoke` is by itself, so
 * that a key in a client can call functions and see nothing; `deploy` does not call functions, so that a build server's key
 * cannot touch production data.
 */
const INCLUDES: Record<Scope, readonly Scope[]> = {
  admin: ['admin', 'deploy', 'invoke', 'read'],
  deploy: ['deploy', 'read'],
  invoke: ['invoke'],
  read: ['read'],
};

/** The scopes with all they include, each once. */
export function expandScopes(scopes: readonly Scope[]): readonly Scope[] {
  return [...new Set(scopes.flatMap((scope) => INCLUDES[scope]))];
}
