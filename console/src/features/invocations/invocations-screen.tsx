import { PageHeader } from '../../shared/ui/page-header.tsx';
import { InvocationList } from './list/invocation-list.tsx';

export default function InvocationsScreen() {
  return (
    <>
      <PageHeader title="Invocations" />
      <InvocationList functionName={null} />
    </>
  );
}
