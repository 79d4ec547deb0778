# Tests: tests/unit/ROOM/local.mk builds one program a room; the rest is here.
if HAVE_CHECK
UNIT_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/unit $(CHECK_CFLAGS) \
	-DVECTORS='"$(abs_srcdir)/tests/vectors"'
include tests/unit/base/local.mk
include tests/unit/crypto/local.mk
include tests/unit/proc/local.mk
include tests/unit/key/local.mk
include tests/unit/rpc/local.mk
include tests/unit/conf/local.mk
include tests/unit/transport/local.mk
include tests/unit/userauth/local.mk
include tests/unit/connect/local.mk
include tests/unit/sftp/local.mk
include tests/unit/listener/local.mk
include tests/unit/spawner/local.mk
include tests/unit/keeper/local.mk
include tests/unit/monitor/local.mk
include tests/unit/gate/local.mk
include tests/unit/keycheck/local.mk
include tests/unit/session/local.mk
include tests/unit/errand/local.mk
include tests/unit/metrics/local.mk
include tests/unit/ctl/local.mk
endif
include tests/lint/local.mk
include tests/fuzz/local.mk
