/**
 * What a root holds besides its interpreter: what a minimal Debian has, as far as the host has it too (decisions/0047). Programs and
 * libraries by name; where they lie is the host's affair.
 */

/** Small programs, so that functions and the scripts of their packages may start a child or two. */
export const ROOT_PROGRAMS =
  'sh bash dash awk base64 basename cat chmod cmp comm cp cut date dd df diff dirname du echo egrep env expr false fgrep find fold getconf getent getopt grep gunzip gzip head hostname id iconv join ldconfig ln locale ls md5sum mkdir mktemp mv nl nohup nproc od paste pathchk printenv printf pwd readlink realpath rm rmdir sed seq sha1sum sha256sum sha512sum shuf sleep sort split stat stdbuf stty sync tac tail tar tee test timeout touch tr true truncate tsort tty uname uniq wc which whoami xargs yes zcat ['.split(
    ' ',
  );

/** Shared libraries by their name before `.so`: those of the C library, of the compilers, and what base packages bring. */
export const ROOT_LIBRARIES =
  'ld-linux-x86-64 ld-linux-aarch64 libBrokenLocale libanl libc libcrypt libdl libm libmvec libnsl libnss_compat libnss_dns libnss_files libpthread libresolv librt libthread_db libutil libgcc_s libstdc++ libacl libattr libblkid libbz2 libcap libcap-ng libcom_err libcrypto libdb-5.3 libexpat libffi libformw libgcrypt libgdbm libgdbm_compat libgmp libgnutls libgpg-error libgssapi_krb5 libhistory libhogweed libidn2 libk5crypto libkeyutils libkrb5 libkrb5support liblz4 liblzma libmd libmenuw libmount libncursesw libnettle libp11-kit libpanelw libpcre2-8 libreadline libselinux libsmartcols libsqlite3 libssl libsystemd libtasn1 libtinfo libtirpc libunistring libuuid libxxhash libz libzstd'.split(
    ' ',
  );

/** Files of /etc, copied where the host has them. */
export const ROOT_ETC_FILES = [
  'ld.so.cache',
  'ssl/openssl.cnf',
  'protocols',
  'services',
  'mime.types',
  'os-release',
  'gai.conf',
];

/** Where distributions keep all certificates they trust in one file. */
export const CERTIFICATE_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** Where it is in every root of ours. */
export const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/** Where builds of OpenSSL look for them, whatever distribution they were made on. */
export const CERTIFICATE_LINKS = [
  '/usr/lib/ssl/cert.pem',
  '/usr/local/ssl/cert.pem',
  '/etc/ssl/cert.pem',
  '/etc/pki/tls/cert.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
];

/** The C library's own locale for UTF-8, and the name sandboxes know it by: LANG is Lambda's. */
export const LOCALE = { source: '/usr/lib/locale/C.utf8', alias: 'en_US.utf8' };

/** The sandbox's own names; the resolver's are asked afterwards. */
export const HOSTS_TEXT = '127.0.0.1 localhost sandbox\n::1 localhost ip6-localhost ip6-loopback\n';

/** Who there is: root owns the files, and the sandbox is the one user that runs anything. */
export function usersOf(id: number): { passwd: string; group: string } {
  return {
    passwd: `root:x:0:0:root:/root:/usr/sbin/nologin\nsandbox:x:${id}:${id}:sandbox:/tmp:/bin/sh\n`,
    group: `root:x:0:\nsandbox:x:${id}:\n`,
  };
}
