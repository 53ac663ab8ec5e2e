import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import { draftIds } from '../features/editor/draft/saved-draft.ts';
import { SignInScreen } from '../features/sign-in/sign-in-screen.tsx';
import { takeLinkToken } from '../features/sign-in/take-link-token.ts';
import { useSession } from '../shared/api/use-session.ts';
import { ProblemNotice } from '../shared/page/problem-notice.tsx';
import { forgetPerson } from '../shared/session/forget-person.ts';
import { sessionEndWords } from '../shared/session/session-end.ts';
import { onSignedOutElsewhere, tellSignedOut } from '../shared/session/signed-out-news.ts';
import { Routes } from './routes.tsx';
import { Shell } from './shell/shell.tsx';

/** Where this person signed out: with this tab, or with another one of the same browser. */
type SignedOut = 'here' | 'elsewhere';

/** Nobody is shown anything before signing in. The address stays, so a person arrives there afterwards. */
export function Gate() {
  const [linkToken, setLinkToken] = useState(takeLinkToken);
  // A used link matters only to a browser that is not signed in, which is known later.
  const [linkError, setLinkError] = useState<unknown>(null);
  const [signedOut, setSignedOut] = useState<SignedOut | null>(null);
  const [hadSession, setHadSession] = useState(false);
  // Not asked beside the exchange of a token: its refusal would arrive after the new session.
  const session = useSession({ isEnabled: linkToken === null && signedOut === null });
  if (session.data && !hadSession) setHadSession(true);
  useForgetting(signedOut);
  useEffect(() => onSignedOutElsewhere(() => setSignedOut('elsewhere')), []);

  if (linkToken !== null || signedOut !== null || session.error?.isSignedOut) {
    const words = session.error ? sessionEndWords(session.error, hadSession) : null;
    return (
      <SignInScreen
        linkToken={linkToken}
        linkError={linkError}
        endWords={signedOut === 'here' ? null : signedOut === 'elsewhere' ? 'You signed out in another tab.' : words}
        hasDrafts={signedOut === null && draftIds().length > 0}
        onTokenUsed={(error) => {
          setLinkToken(null);
          setLinkError(error);
          if (error === null) setSignedOut(null);
        }}
      />
    );
  }
  if (session.error && !session.data)
    return <ProblemNotice error={session.error} onRetry={() => void session.refetch()} />;
  if (!session.data) return null;
  return (
    <Shell session={session.data} onSignedOut={() => setSignedOut('here')}>
      <Routes />
    </Shell>
  );
}

/** The screens are gone by then and have kept what was typed: this takes it away, and tells the other tabs. */
function useForgetting(signedOut: SignedOut | null): void {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  useEffect(() => {
    if (signedOut === null) return;
    queries.clear();
    navigate('/', { replace: true });
    try {
      forgetPerson(window.localStorage, window.sessionStorage);
    } catch {
      // A browser that refuses storage has kept nothing.
    }
    if (signedOut === 'here') tellSignedOut();
  }, [signedOut, queries, navigate]);
}
