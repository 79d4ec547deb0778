#include "values_session.h"

#include "suite.h"
#include "values_cases.h"

static const struct good_line good[] = {
    {"AcceptEnv LANG LC_*\nAcceptEnv X", "acceptenv", "LANG|LC_*|X"},
    {"SetEnv A=1 \"B=2 3\" A=4\nSetEnv C=5", "setenv", "A=1 \"B=2 3\""},
    {"SetEnv A=", "setenv", "A="},
    {"PermitUserEnvironment LANG,LC_*", "permituserenvironment", "LANG,LC_*"},
    {"PermitUserEnvironment *", "permituserenvironment", "yes"},
    {"PermitUserEnvironment yes", "permituserenvironment", "yes"},
    {"PermitUserEnvironment no", "permituserenvironment", "no"},
    {"Subsystem sftp \"/a b\" -d 'x y' # why\nSubsystem n internal-sftp\n"
     "Subsystem sftp /later",
	"subsystem", "sftp \"/a b\" -d 'x y'|n internal-sftp"},
    {"ChannelTimeout session:*=5m global=1h", "channeltimeout",
	"session:*=5m global=1h"},
    {"ChannelTimeout none", "channeltimeout", "none"},
    {"AllowTcpForwarding all", "allowtcpforwarding", "yes"},
    {"AllowTcpForwarding remote", "allowtcpforwarding", "remote"},
    {"GatewayPorts ClientSpecified", "gatewayports", "clientspecified"},
    {"PermitTunnel point-to-point", "permittunnel", "point-to-point"},
    {"PermitOpen none", "permitopen", "none"},
    {"PermitOpen Host:1 [::1]:* *:22", "permitopen", "Host:1 [::1]:* *:22"},
    {"PermitListen 80 Host:* *", "permitlisten", "*:80 host:* *:*"},
    {"ForwardAllow 10.0.0.0/8:22 [2001:db8::/32]:1-9 *.x:*", "forwardallow",
	"10.0.0.0/8:22 [2001:db8::/32]:1-9 *.x:*"},
    {"ForwardAllow none", "forwardallow", "none"},
    {"ForwardDeny any", "forwarddeny", "any"},
    {"SftpFileMode 640", "sftpfilemode", "0640"},
    {"SftpDirMode 02770", "sftpdirmode", "02770"},
    {"SftpDirMode none", "sftpdirmode", "none"},
    {"SftpQuota 1.5G", "sftpquota", "1610612736"},
    {"SftpQuota none", "sftpquota", "none"},
};

START_TEST(takes_a_good_value)
{
	good_line(&good[_i]);
}
END_TEST

static const struct bad_line bad[] = {
    {"AcceptEnv A=b", "Invalid environment name."},
    {"SetEnv A", "Invalid environment."},
    {"SetEnv =b", "Invalid environment."},
    {"Subsystem sftp", "Missing subsystem command."},
    {"Subsystem \"\" x", "Missing subsystem name."},
    {"ChannelTimeout session", "invalid channel timeout session"},
    {"ChannelTimeout session=x", "invalid channel timeout session=x"},
    {"AllowTcpForwarding x", "unsupported option \"x\"."},
    {"PermitTunnel YES", "bad PermitTunnel argument YES"},
    {"PermitOpen 80", "PermitOpen bad port number"},
    {"PermitOpen host:0", "PermitOpen bad port number"},
    {"PermitOpen any host:1", "PermitOpen bad port number"},
    {"PermitListen host:x", "PermitListen bad port number"},
    {"ForwardAllow 10.0.0.0/8", "ForwardAllow bad rule 10.0.0.0/8"},
    {"ForwardAllow 10.0.0.1/8:22", "ForwardAllow bad rule 10.0.0.1/8:22"},
    {"ForwardAllow x:9-1", "ForwardAllow bad rule x:9-1"},
    {"ForwardAllow x:0", "ForwardAllow bad rule x:0"},
    {"ForwardDeny x:1 none", "ForwardDeny bad rule none"},
    {"SftpFileMode 10000", "Invalid SftpFileMode."},
    {"SftpFileMode 0o644", "Invalid SftpFileMode."},
    {"SftpDirMode \"\"", "SftpDirMode"},
    {"SftpQuota 0", "invalid size."},
    {"SftpQuota 5X", "invalid size."},
};

START_TEST(refuses_a_bad_value)
{
	bad_line(&bad[_i]);
}
END_TEST

TCase *check_values_session(void);

TCase *
check_values_session(void)
{
	TCase *tc = tcase_create("conf/values_session");

	tcase_add_loop_test(tc, takes_a_good_value, 0,
	    sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(tc, refuses_a_bad_value, 0,
	    sizeof(bad) / sizeof(bad[0]));
	return tc;
}
