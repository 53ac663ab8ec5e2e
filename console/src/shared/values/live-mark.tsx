import type { LiveState } from '../live/live-source.ts';
import { StatusMark } from './status-mark.tsx';

const WORDS: Record<LiveState, string> = { connecting: 'connecting', open: 'live', lost: 'reconnecting' };
const TITLES: Record<LiveState, string> = {
  connecting: 'Opening the connection that brings news',
  open: 'News arrive as they happen',
  lost: 'The connection to the server is down; it is tried again by itself',
};

/** Whether what is shown moves by itself. */
export function LiveMark({ state }: { state: LiveState }) {
  return <StatusMark status={state} word={WORDS[state]} title={TITLES[state]} />;
}
