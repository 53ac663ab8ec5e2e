/** What lies over a screen and has the keys to itself while it is open. */
const OVERLAYS = '[role="dialog"], [role="alertdialog"], [role="menu"]';

/**
 * Whether a key press may act on the screen: nobody took it before, no text is being composed, and no dialog or menu lies over
 * the screen. Every key that acts on a screen asks this, so that none acts behind a dialog.
 */
export function isScreenKey(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.altKey || event.isComposing) return false;
  return ![...document.querySelectorAll(OVERLAYS)].some((overlay) => overlay.checkVisibility());
}
