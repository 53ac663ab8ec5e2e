import { SkeletonRows } from '../../shared/ui/skeleton-rows.tsx';

export default function LogsScreen() {
  return <SkeletonRows />;
}
