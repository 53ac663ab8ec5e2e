/** What deleting a function takes and what it leaves: said by the API's document, the command line and the console alike. */
export const WHAT_DELETE_DOES =
  'Its code, settings, test events and URL are gone for good. Calls in flight finish. Its records stay until they are older than what is kept, and can be listed by its name.';
