#include "values_text.h"

#include "suite.h"
#include "values_cases.h"

static const struct good_line good[] = {
    /* texts and paths */
    {"Banner /etc/issue # why", "banner", "/etc/issue"},
    {"Banner NONE", "banner", "none"},
    {"Banner none\nBanner /later", "banner", "none"},
    {"Banner x/y", "banner", "/somewhere/x/y"},
    {"Banner ~/y", "banner", "/home/me/y"},
    {"Banner ~", "banner", "/home/me"},
    {"Banner \"/a b\"", "banner", "\"/a b\""},
    {"ChrootDirectory %h/x", "chrootdirectory", "%h/x"},
    {"ChrootDirectory ~/x", "chrootdirectory", "~/x"},
    {"AuthorizedPrincipalsFile x/%u", "authorizedprincipalsfile", "x/%u"},
    {"AuthorizedPrincipalsFile ~/x", "authorizedprincipalsfile", "/home/me/x"},
    {"ModuliFile none", "modulifile", "none"},
    {"HostKeyAgent SSH_AUTH_SOCK", "hostkeyagent", "SSH_AUTH_SOCK"},
    {"HostKeyAgent sock", "hostkeyagent", "/somewhere/sock"},
    {"SecurityKeyProvider Internal", "securitykeyprovider", "internal"},
    /* the rest of the line */
    {"ForceCommand a \"b  c\" # d", "forcecommand", "a \"b  c\" # d"},
    {"ForceCommand None", "forcecommand", "none"},
    {"ForceCommand \"none\"", "forcecommand", "\"none\""},
    {"ForceCommand = =x", "forcecommand", "= =x"},
    {"VersionAddendum Hello  World", "versionaddendum", "Hello  World"},
    {"AuthorizedKeysCommand /x %u \"y z\"\nAuthorizedKeysCommandUser u",
	"authorizedkeyscommand", "/x %u \"y z\""},
    /* lists */
    {"HostKey a\nHostKey /b\nHostKey ~/c", "hostkey",
	"/somewhere/a|/b|/home/me/c"},
    {"HostKey none\nHostKey /b", "hostkey", "none"},
    {"HostCertificate /b\nHostCertificate /c", "hostcertificate", "/b|/c"},
    {"AuthorizedKeysFile none", "authorizedkeysfile", "none"},
    {"AuthorizedKeysFile a ~/b \"c d\"", "authorizedkeysfile",
	"a /home/me/b \"c d\""},
    {"AuthorizedKeysFile a\nAuthorizedKeysFile b", "authorizedkeysfile", "a"},
    {"RevokedKeys a b", "revokedkeys", "a b"},
    {"AllowGroups a b\nAllowGroups \"c d\"", "allowgroups", "a|b|\"c d\""},
    {"LogVerbose a:*:1 b", "logverbose", "a:*:1 b"},
};

START_TEST(takes_a_good_value)
{
	good_line(&good[_i]);
}
END_TEST

static const struct bad_line bad[] = {
    {"Banner \"\"", "missing file name."},
    {"Banner ~other/x", "only ~/ is known here."},
    {"HostKey \"\"", "missing file name."},
    {"AuthorizedKeysCommandUser \"\"", "missing argument."},
    {"AuthorizedKeysCommand x", "must be an absolute path"},
    {"AuthorizedKeysCommand \"/x\"", "must be an absolute path"},
    {"AllowGroups a \"\"", "empty pattern."},
};

START_TEST(refuses_a_bad_value)
{
	bad_line(&bad[_i]);
}
END_TEST

TCase *check_values_text(void);

TCase *
check_values_text(void)
{
	TCase *tc = tcase_create("conf/values_text");

	tcase_add_loop_test(tc, takes_a_good_value, 0,
	    sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(tc, refuses_a_bad_value, 0,
	    sizeof(bad) / sizeof(bad[0]));
	return tc;
}
