import type { ColdframeFunction } from '../../shared/api/types.ts';
import { SkeletonRows } from '../../shared/ui/skeleton-rows.tsx';

export default function CodeTab({ fn }: { fn: ColdframeFunction }) {
  return <SkeletonRows label={`CodeTab of ${fn.name}`} />;
}
