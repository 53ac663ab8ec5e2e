import { useState } from 'react';
import { SignInScreen } from '../features/sign-in/sign-in-screen.tsx';
import { takeLinkToken } from '../features/sign-in/take-link-token.ts';
import { useSession } from '../shared/api/use-session.ts';
import { ProblemNotice } from '../shared/page/problem-notice.tsx';
import { Routes } from './routes.tsx';
import { Shell } from './shell/shell.tsx';

/** Nobody is shown anything before signing in; the address stays, so that it is where one arrives after it. */
export function Gate() {
  const [linkToken, setLinkToken] = useState(takeLinkToken);
  // A used link matters only to a browser that is not signed in, which is known later.
  const [linkError, setLinkError] = useState<unknown>(null);
  // Not asked beside the exchange of a token: its refusal would arrive after the new session.
  const session = useSession({ isEnabled: linkToken === null });
  if (linkToken !== null || session.error?.isSignedOut)
    return (
      <SignInScreen
        linkToken={linkToken}
        linkError={linkError}
        onTokenUsed={(error) => {
          setLinkToken(null);
          setLinkError(error);
        }}
      />
    );
  if (session.error && !session.data)
    return <ProblemNotice error={session.error} onRetry={() => void session.refetch()} />;
  if (!session.data) return null;
  return (
    <Shell session={session.data}>
      <Routes />
    </Shell>
  );
}
