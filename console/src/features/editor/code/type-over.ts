import { EditorSelection, type Extension, Prec } from '@codemirror/state';
import { EditorView } from '@codemirror/view';

/**
 * Typing over a selection, done by the editor itself. Left to the browser, its editing command writes a style attribute into
 * the page, which the page's policy refuses and reports.
 */
export const typeOver: Extension = Prec.low(
  EditorView.domEventHandlers({
    beforeinput(event, view) {
      const { main, ranges } = view.state.selection;
      const text = event.inputType === 'insertText' ? event.data : null;
      if (text === null || main.empty || ranges.length > 1 || view.composing || view.state.readOnly) return false;
      const { from, to } = main;
      const insert = () =>
        view.state.update({
          changes: { from, to, insert: text },
          selection: EditorSelection.cursor(from + text.length),
          userEvent: 'input.type',
          scrollIntoView: true,
        });
      event.preventDefault();
      // Brackets and quotes close around a selection: such handlers go first, as they do for what the browser types.
      const isHandled = view.state
        .facet(EditorView.inputHandler)
        .some((handle) => handle(view, from, to, text, insert));
      if (!isHandled) view.dispatch(insert());
      return true;
    },
  }),
);
