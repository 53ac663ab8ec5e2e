import { SegmentedControl } from '@mantine/core';
import { Suspense, useState } from 'react';
import { LANGUAGES, type Language, languageNamed } from '../../../../src/domain/runtimes.ts';
import type { Texts } from '../../features/editor/create/create-bench.tsx';
import { OWN_TOPIC, ownCode } from '../../features/templates/own-code.ts';
import { byTopic, type Topic } from '../../features/templates/template-topics.ts';
import { TopicPicker } from '../../features/templates/topic-picker.tsx';
import { useTemplate, useTemplates } from '../../features/templates/use-templates.ts';
import { LANGUAGE_CHOICES } from '../../shared/controls/language-choices.ts';
import { PageHeader } from '../../shared/page/page-header.tsx';
import { ProblemNotice } from '../../shared/page/problem-notice.tsx';
import { SkeletonRows } from '../../shared/page/skeleton-rows.tsx';
import { lazyPiece } from '../../shared/pieces/lazy-piece.ts';
import { useUrlState } from '../../shared/url/use-url-state.ts';

const CreateBench = lazyPiece(() => import('../../features/editor/create/create-bench.tsx'));

/** A new function, from a template or from code of one's own; each runs as it is, before anything is created. */
export default function NewFunctionScreen() {
  const { data, error, refetch } = useTemplates();
  const [{ topic, language }, setChoice] = useUrlState({ topic: 'hello', language: 'nodejs' });
  // What was typed stays whatever template is looked at.
  const [typedName, setTypedName] = useState<string | null>(null);
  const [arrived, setArrived] = useState<Texts | null>(null);
  const topics = byTopic([...(data ?? []), ...LANGUAGES.map(ownCode)]);
  const chosen = topics.find((one) => one.topic === topic) ?? topics[0];
  return (
    <>
      <PageHeader title="New function">
        <SegmentedControl
          aria-label="Language"
          data={LANGUAGE_CHOICES}
          value={language}
          onChange={(value) => setChoice({ language: value })}
        />
      </PageHeader>
      {error && !data ? <ProblemNotice error={error} onRetry={() => void refetch()} /> : null}
      {data === undefined && !error ? <SkeletonRows label="Loading templates" /> : null}
      {chosen && (data || error) ? (
        <>
          <TopicPicker topics={topics} chosen={chosen} onChoose={(next) => setChoice({ topic: next })} />
          <Suspense fallback={<SkeletonRows label="Loading the editor" count={12} />}>
            <Bench
              topic={chosen}
              language={languageNamed(language) ?? 'nodejs'}
              typedName={typedName}
              onName={setTypedName}
              arrived={chosen.topic === OWN_TOPIC ? arrived : null}
              onTaken={() => setArrived(null)}
              onOwnCode={(texts, its) => {
                setArrived(texts);
                setChoice({ topic: OWN_TOPIC, language: its });
              }}
            />
          </Suspense>
        </>
      ) : null}
    </>
  );
}

type BenchProps = Omit<Parameters<typeof CreateBench>[0], 'template'> & { topic: Topic; language: Language };

function Bench({ topic, language, ...props }: BenchProps) {
  const name = topic.templates[language] ?? '';
  const { data, error, refetch } = useTemplate(name, topic.topic, language);
  if (data) return <CreateBench key={data.name} template={data} {...props} />;
  if (error) return <ProblemNotice error={error} onRetry={() => void refetch()} />;
  return <SkeletonRows label="Loading the template" count={12} />;
}
