import { Modal } from '@mantine/core';
import { Suspense, useState } from 'react';
import { useLocation } from 'wouter';
import { useHotkey } from '../../shared/keyboard/use-hotkey.ts';
import { ErrorBoundary } from '../../shared/page/error-boundary.tsx';
import { lazyPiece } from '../../shared/pieces/lazy-piece.ts';
import { ShortcutHelp } from './shortcut-help.tsx';
import classes from './shortcuts.module.css';

const Palette = lazyPiece(() => import('../../features/palette/palette.tsx'));

/** The keys that work everywhere, and the button that opens the palette for whoever does not know them. */
export function Shortcuts() {
  const [, navigate] = useLocation();
  const [open, setOpen] = useState<'palette' | 'help' | null>(null);
  useHotkey('mod+k', () => setOpen('palette'));
  useHotkey('?', () => setOpen('help'));
  useHotkey('n', () => navigate('/new'));
  useHotkey('g f', () => navigate('/'));
  useHotkey('g m', () => navigate('/monitor'));
  useHotkey('g i', () => navigate('/invocations'));
  useHotkey('g l', () => navigate('/logs'));
  useHotkey('g p', () => navigate('/platform'));
  return (
    <>
      <button type="button" className={classes.button} onClick={() => setOpen('palette')}>
        Go to
        <kbd className={classes.keys}>{isApple ? '⌘K' : 'Ctrl K'}</kbd>
      </button>
      {open === 'palette' ? (
        <ErrorBoundary
          frame={(notice) => (
            <Modal opened onClose={() => setOpen(null)} title="Go to">
              {notice}
            </Modal>
          )}
        >
          <Suspense fallback={null}>
            <Palette onClose={() => setOpen(null)} onShowShortcuts={() => setOpen('help')} />
          </Suspense>
        </ErrorBoundary>
      ) : null}
      <ShortcutHelp isOpen={open === 'help'} onClose={() => setOpen(null)} />
    </>
  );
}

const isApple = /mac|iphone|ipad/i.test(navigator.userAgent);
