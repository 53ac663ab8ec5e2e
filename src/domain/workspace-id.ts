declare const authorised: unique symbol;

/**
 * A workspace that somebody may act in. A text becomes one in two places alone: authorisation reads it from the row of a key
 * or a session, and start-up names `DEFAULT_WORKSPACE`. So nothing that came in from outside reaches rows of a workspace.
 */
export type WorkspaceId = string & { readonly [authorised]: true };
