import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import type { Session } from '../../shared/api/use-session.ts';
import { AccountMenu } from './account-menu.tsx';
import { Mark } from './mark.tsx';
import classes from './shell.module.css';
import { Shortcuts } from './shortcuts.tsx';

const PLACES = [
  { path: '/', label: 'Functions', isHere: (path: string) => path === '/' || /^\/(functions|new)(\/|$)/.test(path) },
  { path: '/monitor', label: 'Monitor', isHere: (path: string) => path.startsWith('/monitor') },
  { path: '/invocations', label: 'Invocations', isHere: (path: string) => path.startsWith('/invocations') },
  { path: '/logs', label: 'Logs', isHere: (path: string) => path.startsWith('/logs') },
  { path: '/platform', label: 'Platform', isHere: (path: string) => path.startsWith('/platform') },
];

interface Props {
  session: Session;
  /** The server has closed the session. */
  onSignedOut(): void;
  children: ReactNode;
}

/** What surrounds every screen: the way to the others, and who is signed in. */
export function Shell({ session, onSignedOut, children }: Props) {
  const [path] = useLocation();
  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#main">
        Skip to content
      </a>
      <div className={classes.bar}>
        <Link href="/" className={classes.brand} aria-label="Coldframe, all functions">
          <Mark />
          <span className={classes.name}>Coldframe</span>
        </Link>
        <nav className={classes.places} aria-label="Main">
          {PLACES.map(({ path: to, label, isHere }) => (
            <Link key={to} href={to} className={classes.place} aria-current={isHere(path) ? 'page' : undefined}>
              {label}
            </Link>
          ))}
        </nav>
        <Shortcuts />
        <AccountMenu session={session} onSignedOut={onSignedOut} />
      </div>
      <main id="main" className={classes.main} tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}
