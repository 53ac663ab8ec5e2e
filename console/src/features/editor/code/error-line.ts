import { type Extension, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView } from '@codemirror/view';

/** Marks a line (from 1) as the one that failed; null takes the mark away. */
export const setErrorLine = StateEffect.define<number | null>();

const LINE = Decoration.line({ class: 'cm-errorLine' });

/** The mark stays with its line while the text around it changes. */
export const errorLine: Extension = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let next = marks.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(setErrorLine)) continue;
      const { doc } = transaction.state;
      const isThere = effect.value !== null && effect.value >= 1 && effect.value <= doc.lines;
      next = isThere ? Decoration.set([LINE.range(doc.line(effect.value as number).from)]) : Decoration.none;
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});
