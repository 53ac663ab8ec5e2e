import { type Topic, titleOf } from './template-topics.ts';
import classes from './topic-picker.module.css';

interface Props {
  topics: readonly Topic[];
  chosen: Topic;
  onChoose(topic: string): void;
}

/** What to start from, and a sentence on the one that is chosen. */
export function TopicPicker({ topics, chosen, onChoose }: Props) {
  return (
    <>
      <ul className={classes.topics} aria-label="Templates">
        {topics.map(({ topic, description }) => (
          <li key={topic}>
            <button
              type="button"
              className={classes.topic}
              aria-pressed={topic === chosen.topic}
              onClick={() => onChoose(topic)}
            >
              {titleOf(description)}
            </button>
          </li>
        ))}
      </ul>
      <p className={classes.about}>{aboutOf(chosen.description)}</p>
    </>
  );
}

/** What stands behind the title, as a sentence. */
function aboutOf(description: string): string {
  const text = description.slice(titleOf(description).length + 2);
  return text === '' ? '' : `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
