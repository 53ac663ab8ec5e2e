import type { ColdframeFunction } from '../../shared/api/types.ts';
import { SkeletonRows } from '../../shared/ui/skeleton-rows.tsx';

export default function MonitorTab({ fn }: { fn: ColdframeFunction }) {
  return <SkeletonRows label={`MonitorTab of ${fn.name}`} />;
}
