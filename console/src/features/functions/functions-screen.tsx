import { PageHeader } from '../../shared/ui/page-header.tsx';
import { SkeletonRows } from '../../shared/ui/skeleton-rows.tsx';

export function FunctionsScreen() {
  return (
    <>
      <PageHeader title="Functions" />
      <SkeletonRows />
    </>
  );
}
