import type { ColdframeFunction } from '../../shared/api/types.ts';
import { LogTail } from './log-tail.tsx';

export default function LogsTab({ fn }: { fn: ColdframeFunction }) {
  return <LogTail functionName={fn.name} />;
}
