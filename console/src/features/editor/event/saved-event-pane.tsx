import { Menu } from '@mantine/core';
import { useState } from 'react';
import { MoreButton } from '../../../shared/controls/more-button.tsx';
import type { EditorKeys } from '../code/editor-setup.ts';
import { EventPane } from './event-pane.tsx';
import { eventProblem, eventToSend } from './event-text.ts';
import { SaveEvent } from './save-event.tsx';
import type { EventText } from './use-event-text.ts';
import { readTestEvent, useTestEvents } from './use-test-events.ts';

interface Props {
  functionName: string;
  event: EventText;
  keys: EditorKeys;
}

/** The event of a function that is there, with the ones saved for it. */
export function SavedEventPane({ functionName, event, keys }: Props) {
  const { text, chosen, onText, onChosen } = event;
  const events = useTestEvents(functionName);
  const [readError, setReadError] = useState<unknown>(null);
  const choose = async (name: string): Promise<void> => {
    onChosen(name);
    if (name === '') return;
    try {
      onText(await readTestEvent(functionName, name), name);
      setReadError(null);
    } catch (error) {
      setReadError(error);
    }
  };
  return (
    <EventPane
      event={event}
      names={events.names}
      onChoose={(name) => void choose(name)}
      error={readError ?? events.save.error ?? events.remove.error ?? events.error}
      keys={keys}
    >
      <SaveEvent
        suggested={chosen}
        isBusy={events.save.isPending}
        isPossible={eventProblem(text) === null}
        onSave={(name) =>
          events.save.mutate({ event: name, text: eventToSend(text) }, { onSuccess: () => onChosen(name) })
        }
      />
      {events.names?.includes(chosen) ? (
        <Menu position="bottom-end" transitionProps={{ duration: 80 }}>
          <Menu.Target>
            <MoreButton label={`Actions for the event ${chosen}`} />
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => events.remove.mutate(chosen, { onSuccess: () => onChosen('') })}>
              Delete the saved event {chosen}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      ) : null}
    </EventPane>
  );
}
