import type { ApiProblem } from '../api/api-problem.ts';

/** What a person is told of a session that has ended. */
const WORDS: Record<string, string> = {
  session_expired: 'Your session has expired: it lasts 12 hours after its last use, and 7 days at most.',
  session_closed: 'You signed out in another tab or window.',
  session_key_gone: 'The key you signed in with was deleted or has expired.',
  unauthenticated:
    'The server does not know this session any more: it runs with other data, or the browser dropped its cookie.',
};

/** Why nobody is signed in any more; null when nobody was before. */
export function sessionEndWords(problem: ApiProblem, hadSession: boolean): string | null {
  if (problem.code === 'unauthenticated' && !hadSession) return null;
  return WORDS[problem.code] ?? problem.message;
}
