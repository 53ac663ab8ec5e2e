import { expect, it } from 'vitest';
import { byTopic, titleOf } from './template-topics.ts';

it('twins stand under one topic, the smallest first and unknown ones last', () => {
  const names = ['zebra-node', 'hello-python', 'failing-node', 'hello-node'];
  const topics = byTopic(
    names.map((name) => {
      const [topic = '', suffix] = name.split('-');
      return { name, topic, language: suffix === 'node' ? 'nodejs' : 'python', description: `${topic}: x` } as const;
    }),
  );
  expect(topics.map((one) => one.topic)).toEqual(['hello', 'failing', 'zebra']);
  expect(topics[0]?.templates).toEqual({ nodejs: 'hello-node', python: 'hello-python' });
});

it('a title is what stands before the colon', () => {
  expect([titleOf('Hello: the smallest'), titleOf('Hello')]).toEqual(['Hello', 'Hello']);
});
