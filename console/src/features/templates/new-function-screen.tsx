import { SkeletonRows } from '../../shared/ui/skeleton-rows.tsx';

export default function NewFunctionScreen() {
  return <SkeletonRows />;
}
