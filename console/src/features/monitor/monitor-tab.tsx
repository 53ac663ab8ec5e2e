import type { ColdframeFunction } from '../../shared/api/types.ts';
import { Monitor } from './monitor.tsx';

export default function MonitorTab({ fn }: { fn: ColdframeFunction }) {
  return <Monitor functionName={fn.name} />;
}
