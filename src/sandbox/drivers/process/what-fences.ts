/**
 * What stands between a function and this host, for people, and what mends a weak fence. The key is the receipt's word
 * for it.
 */
export const WHAT_FENCES = {
  'uid+mounts': {
    detail:
      'Functions run as a user of their own, see this host’s files, processes and network, and write only into a /tmp of their own.',
    fix: null,
  },
  uid: {
    detail:
      'Functions run as a user of their own, and see this host’s files, processes and network. This kernel lets the server make no mounts, so the host’s /tmp is theirs to write.',
    fix: 'give the server CAP_SYS_ADMIN, or run it outside the container',
  },
  namespaces: {
    detail:
      'Functions run as the server’s own user, but see neither its files nor any process, and write only into a /tmp of their own. They have this host’s network.',
    fix: null,
  },
  none: {
    detail:
      'Nothing fences functions: they run as the server’s own user and can read its keys and secrets, change its files, and end it and everything that user runs.',
    fix: 'allow user namespaces (sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns=0), run the server as root, or use Docker',
  },
} as const;
