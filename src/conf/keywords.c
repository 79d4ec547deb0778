#include "keywords.h"

#include "values_command.h"
#include "values_metrics.h"
#include "values_net.h"
#include "values_penalties.h"
#include "values_session.h"
#include "values_ssh.h"
#include "values_text.h"

#include "config.h"
#include "sallyport/base/must.h"
#include "sallyport/base/text.h"

#define DIR SYSCONFDIR "/sallyport"
#define HOST_KEYS                                                              \
	DIR "/ssh_host_rsa_key " DIR "/ssh_host_ecdsa_key " DIR                \
	    "/ssh_host_ed25519_key " DIR "/ssh_host_mldsa44_ed25519_key"

#define OFFSET(member)    offsetof(struct conf, member)
#define SIZE(member)      sizeof(((struct conf *)0)->member)
#define SPAN(first, last) (OFFSET(last) + SIZE(last) - OFFSET(first))
#define ROW(word, sort, where)                                                 \
	.name = (word), .text = {(const uint8_t *)(word), sizeof(word) - 1},   \
	.what = KEYWORDS_##sort, .flags = (where)

#define KEYWORD(word, member, value, preset_, where)                           \
	{                                                                      \
		ROW(word, SETTING, where),                                     \
		    .kind = &values_##value, .offset = OFFSET(member),         \
		    .size = SIZE(member), .preset = (preset_)                  \
	}
#define KEYWORD2(word, first, last, value, preset_, where)                     \
	{                                                                      \
		ROW(word, SETTING, where),                                     \
		    .kind = &values_##value, .offset = OFFSET(first),          \
		    .size = SPAN(first, last), .preset = (preset_)             \
	}
#define ALIAS(word, target_)                                                   \
	{                                                                      \
		ROW(word, ALIAS, 0), .target = (target_)                       \
	}
#define DEPRECATED(word, where)                                                \
	{                                                                      \
		ROW(word, DEPRECATED, where)                                   \
	}
#define UNSUPPORTED(word, where)                                               \
	{                                                                      \
		ROW(word, UNSUPPORTED, where)                                  \
	}

#define GLOBAL 0u
#define MATCH  KEYWORDS_IN_MATCH
#define LATER  KEYWORDS_LATER
#define EARLY  KEYWORDS_EARLY
#define OURS   KEYWORDS_OURS
#ifdef WITH_PAM
#define PAM GLOBAL
#else
#define PAM KEYWORDS_ABSENT
#endif

#ifdef WITH_GSSAPI
#define GSSAPI GLOBAL
#else
#define GSSAPI KEYWORDS_ABSENT
#endif

/* clang-format off */
static const struct keywords_row rows[] = {
	/*      keyword                           member                          value           default   in */
	KEYWORD2("Port",                          port, nports,                   net_port,       "22",     KEYWORDS_PORT),
	KEYWORD ("AddressFamily",                 family,                         net_family,     "any",    GLOBAL),
	KEYWORD2("ListenAddress",                 listen, nlisten,                net_listen,     NULL,     GLOBAL),
	KEYWORD ("UsePAM",                        use_pam,                        flag,           "no",     PAM),
	KEYWORD ("PAMServiceName",                pam_service,                    text_name,      "sshd",   MATCH | PAM),
	KEYWORD ("LoginGraceTime",                login_grace_s,                  time,           "2m",     GLOBAL),
	KEYWORD ("X11DisplayOffset",              x11_display_offset,             count,          "10",     MATCH),
	KEYWORD ("MaxAuthTries",                  max_auth_tries,                 count,          "6",      MATCH),
	KEYWORD ("MaxSessions",                   max_sessions,                   count,          "10",     MATCH),
	KEYWORD ("ClientAliveInterval",           client_alive_interval_s,        time,           "0",      MATCH),
	KEYWORD ("ClientAliveCountMax",           client_alive_count_max,         count,          "3",      MATCH),
	KEYWORD ("RequiredRSASize",               required_rsa_size,              ssh_rsa_size,   "1024",   MATCH),
	KEYWORD ("StreamLocalBindMask",           streamlocal_mask,               octal,          "0177",   MATCH),
	KEYWORD ("UnusedConnectionTimeout",       unused_connection_timeout_s,    time_none,      "none",   MATCH),
	KEYWORD ("PermitRootLogin",               permit_root_login,              ssh_root,       "prohibit-password", MATCH),
	KEYWORD ("IgnoreRhosts",                  ignore_rhosts,                  ssh_rhosts,     "yes",    MATCH),
	KEYWORD ("IgnoreUserKnownHosts",          ignore_user_known_hosts,        flag,           "no",     GLOBAL),
	KEYWORD ("HostbasedAuthentication",       hostbased,                      flag,           "no",     MATCH),
	KEYWORD ("HostbasedUsesNameFromPacketOnly", hostbased_name_from_packet,   flag,           "no",     MATCH),
	KEYWORD ("PubkeyAuthentication",          pubkey,                         flag,           "yes",    MATCH),
	KEYWORD ("KerberosAuthentication",        kerberos,                       flag,           "no",     MATCH | LATER),
	KEYWORD ("KerberosGetAFSToken",           kerberos_afs,                   flag,           "no",     LATER),
	KEYWORD ("KerberosOrLocalPasswd",         kerberos_local,                 flag,           "yes",    LATER),
	KEYWORD ("KerberosTicketCleanup",         kerberos_cleanup,               flag,           "yes",    LATER),
	KEYWORD ("GSSAPIAuthentication",          gssapi,                         flag,           "no",     MATCH | GSSAPI),
	KEYWORD ("GSSAPICleanupCredentials",      gssapi_cleanup,                 flag,           "yes",    GSSAPI),
	KEYWORD ("GSSAPIDelegateCredentials",     gssapi_delegate,                flag,           "yes",    GSSAPI),
	KEYWORD ("GSSAPIStrictAcceptorCheck",     gssapi_strict,                  flag,           "yes",    GSSAPI),
	KEYWORD ("PasswordAuthentication",        password,                       flag,           "yes",    MATCH),
	KEYWORD ("KbdInteractiveAuthentication",  kbdint,                         flag,           "yes",    MATCH),
	KEYWORD ("PrintMotd",                     print_motd,                     flag,           "yes",    GLOBAL),
	KEYWORD ("PrintLastLog",                  print_last_log,                 flag,           "yes",    GLOBAL),
	KEYWORD ("X11Forwarding",                 x11_forwarding,                 flag,           "no",     MATCH),
	KEYWORD ("X11UseLocalhost",               x11_use_localhost,              flag,           "yes",    MATCH),
	KEYWORD ("PermitTTY",                     permit_tty,                     flag,           "yes",    MATCH),
	KEYWORD ("PermitUserRC",                  permit_user_rc,                 flag,           "yes",    MATCH),
	KEYWORD ("StrictModes",                   strict_modes,                   flag,           "yes",    GLOBAL),
	KEYWORD ("TCPKeepAlive",                  tcp_keep_alive,                 flag,           "yes",    GLOBAL),
	KEYWORD ("PermitEmptyPasswords",          permit_empty_passwords,         flag,           "no",     MATCH),
	KEYWORD ("Compression",                   compression,                    ssh_compression, "yes",   EARLY),
	KEYWORD ("GatewayPorts",                  gateway_ports,                  session_gateway, "no",     MATCH),
	KEYWORD ("UseDNS",                        use_dns,                        flag,           "no",     GLOBAL),
	KEYWORD ("AllowTcpForwarding",            allow_tcp_forwarding,           session_forward, "yes",    MATCH),
	KEYWORD ("AllowAgentForwarding",          allow_agent_forwarding,         flag,           "yes",    MATCH),
	KEYWORD ("DisableForwarding",             disable_forwarding,             flag,           "no",     MATCH),
	KEYWORD ("AllowStreamLocalForwarding",    allow_streamlocal_forwarding,   session_forward, "yes",    MATCH),
	KEYWORD ("StreamLocalBindUnlink",         streamlocal_unlink,             flag,           "no",     MATCH),
	KEYWORD ("FingerprintHash",               fingerprint_hash,               ssh_fingerprint, "sha256", GLOBAL),
	KEYWORD ("ExposeAuthInfo",                expose_auth_info,               flag,           "no",     MATCH),
	KEYWORD ("RefuseConnection",              refuse_connection,              flag,           "no",     MATCH),
	KEYWORD ("PidFile",                       pid_file,                       text_path,      "/run/sallyportd.pid", GLOBAL),
	KEYWORD ("ModuliFile",                    moduli_file,                    text_file,      "/etc/ssh/moduli", GLOBAL),
	KEYWORD ("XAuthLocation",                 xauth_location,                 text_path,      "/usr/bin/xauth", GLOBAL),
	KEYWORD ("Ciphers",                       ciphers,                        ssh_ciphers,    "",       EARLY),
	KEYWORD ("MACs",                          macs,                           ssh_macs,       "",       EARLY),
	KEYWORD ("Banner",                        banner,                         text_path,      "none",   MATCH),
	KEYWORD ("ForceCommand",                  force_command,                  text_raw,       "none",   MATCH),
	KEYWORD ("ChrootDirectory",               chroot_directory,               text,           "none",   MATCH),
	KEYWORD ("TrustedUserCAKeys",             trusted_user_ca_keys,           text_path,      "none",   MATCH),
	KEYWORD ("SecurityKeyProvider",           security_key_provider,          text_provider,  "internal", GLOBAL),
	KEYWORD ("AuthorizedPrincipalsFile",      authorized_principals_file,     text_home_path, "none",   MATCH),
	KEYWORD ("VersionAddendum",               version_addendum,               text_raw,       "none",   GLOBAL),
	KEYWORD ("AuthorizedKeysCommand",         authorized_keys_commands,       command_list,   "none",   MATCH),
	KEYWORD ("AuthorizedKeysCommandUser",     authorized_keys_command_user,   text,           "none",   MATCH),
	KEYWORD ("AuthorizedPrincipalsCommand",   authorized_principals_command,  command_one,    "none",   MATCH),
	KEYWORD ("AuthorizedPrincipalsCommandUser", authorized_principals_command_user, text,     "none",   MATCH),
	KEYWORD ("HostKeyAgent",                  host_key_agent,                 text_agent,     "none",   GLOBAL),
	KEYWORD ("KexAlgorithms",                 kex_algorithms,                 ssh_kex,        "",       EARLY),
	KEYWORD ("CASignatureAlgorithms",         ca_algorithms,                  ssh_ca,         "",       MATCH),
	KEYWORD ("HostbasedAcceptedAlgorithms",   hostbased_algorithms,           ssh_keys,       "",       MATCH),
	KEYWORD ("HostKeyAlgorithms",             hostkey_algorithms,             ssh_keys,       "",       EARLY),
	KEYWORD ("PubkeyAcceptedAlgorithms",      pubkey_algorithms,              ssh_keys,       "",       MATCH),
	KEYWORD ("RDomain",                       rdomain,                        net_rdomain,    "none",   MATCH),
	KEYWORD ("SshdSessionPath",               sshd_session_path,              text_path,      "none",   GLOBAL),
	KEYWORD ("SshdAuthPath",                  sshd_auth_path,                 text_path,      "none",   GLOBAL),
	KEYWORD ("PerSourcePenaltyExemptList",    penalty_exempt,                 penalties_exempt, "none", GLOBAL),
	KEYWORD ("LogLevel",                      log_level,                      log_level,      "INFO",   MATCH),
	KEYWORD ("SyslogFacility",                syslog_facility,                facility,       "AUTH",   GLOBAL),
	KEYWORD ("AuthorizedKeysFile",            authorized_keys_files,          text_home_paths, ".ssh/authorized_keys .ssh/authorized_keys2", MATCH),
	KEYWORD ("RevokedKeys",                   revoked_keys,                   text_home_paths, "none",   MATCH),
	KEYWORD ("HostKey",                       host_keys,                      text_paths,     HOST_KEYS, GLOBAL),
	KEYWORD ("HostCertificate",               host_certificates,              text_more_paths, NULL,     GLOBAL),
	KEYWORD ("AllowUsers",                    allow_users,                    ssh_users,      NULL,     MATCH),
	KEYWORD ("DenyUsers",                     deny_users,                     ssh_users,      NULL,     MATCH),
	KEYWORD ("AllowGroups",                   allow_groups,                   text_patterns,  NULL,     MATCH),
	KEYWORD ("DenyGroups",                    deny_groups,                    text_patterns,  NULL,     MATCH),
	KEYWORD ("AcceptEnv",                     accept_env,                     session_accept_env, NULL,     MATCH),
	KEYWORD ("SetEnv",                        set_env,                        session_set_env, NULL,     MATCH),
	KEYWORD ("AuthenticationMethods",         authentication_methods,         ssh_methods,    "any",    MATCH),
	KEYWORD ("LogVerbose",                    log_verbose,                    text_words,     "none",   MATCH),
	KEYWORD ("ChannelTimeout",                channel_timeout,                session_channel_timeout, "none", MATCH),
	KEYWORD2("Subsystem",                     subsystems, nsubsystems,        session_subsystem,  NULL,     MATCH),
	KEYWORD2("MaxStartups",                   startups_begin, startups_full,  net_startups,   "10:30:100", GLOBAL),
	KEYWORD ("PerSourceMaxStartups",          per_source_startups,            net_per_source, "none",   GLOBAL),
	KEYWORD2("PerSourceNetBlockSize",         netblock4, netblock6,           net_netblock,   "32:128", GLOBAL),
	KEYWORD ("PermitTunnel",                  permit_tunnel,                  session_tunnel, "no",     MATCH),
	KEYWORD2("IPQoS",                         ipqos_interactive, ipqos_bulk,  net_qos,        "ef cs0", MATCH),
	KEYWORD2("RekeyLimit",                    rekey_octets, rekey_seconds,    ssh_rekey,      "default none", MATCH | EARLY),
	KEYWORD ("PermitOpen",                    permit_open,                    session_permit_open, "any",   MATCH),
	KEYWORD ("PermitListen",                  permit_listen,                  session_permit_listen, "any", MATCH),
	KEYWORD ("PermitUserEnvironment",         permit_user_environment,        session_user_environment, "no", GLOBAL),
	KEYWORD2("PubkeyAuthOptions",             pubkey_touch, pubkey_verify,    ssh_pubkey_options, "none", MATCH),
	KEYWORD ("PerSourcePenalties",            penalties,                      penalties,      "yes",    GLOBAL),
	KEYWORD ("SpawnerGeneration",             spawner_generation,             generation,     "64",     GLOBAL | OURS),
	KEYWORD ("ForwardAllow",                  forward_allow,                  session_rules,  "any",    MATCH | OURS),
	KEYWORD ("ForwardDeny",                   forward_deny,                   session_rules,  "none",   MATCH | OURS),
	KEYWORD ("SftpRoot",                      sftp_root,                      text,           "none",   MATCH | OURS),
	KEYWORD ("SftpFileMode",                  sftp_file_mode,                 session_mode,   "none",   MATCH | OURS),
	KEYWORD ("SftpDirMode",                   sftp_dir_mode,                  session_mode,   "none",   MATCH | OURS),
	KEYWORD ("SftpQuota",                     sftp_quota,                     session_quota,  "none",   MATCH | OURS),
	KEYWORD ("SftpAtomicUpload",              sftp_atomic_upload,             flag,           "no",     MATCH | OURS),
	KEYWORD ("ControlSocket",                 control_socket,                 text_path,      "/run/sallyport/control", GLOBAL | OURS),
	KEYWORD ("MetricsListen",                 metrics_listen,                 metrics_listen, "none",   GLOBAL | OURS),

	{ROW("Include", INCLUDE, MATCH)},
	{ROW("Match", MATCH, MATCH)},

	ALIAS("HostDSAKey",                      "HostKey"),
	ALIAS("HostbasedAcceptedKeyTypes",       "HostbasedAcceptedAlgorithms"),
	ALIAS("PubkeyAcceptedKeyTypes",          "PubkeyAcceptedAlgorithms"),
	ALIAS("DSAAuthentication",               "PubkeyAuthentication"),
	ALIAS("ChallengeResponseAuthentication", "KbdInteractiveAuthentication"),
	ALIAS("SkeyAuthentication",              "KbdInteractiveAuthentication"),
	ALIAS("KeepAlive",                       "TCPKeepAlive"),
	ALIAS("GSSAPICleanupCreds",              "GSSAPICleanupCredentials"), /* Debian */

	/* OpenSSH's own past */
	DEPRECATED("ServerKeyBits",            GLOBAL),
	DEPRECATED("KeyRegenerationInterval",  GLOBAL),
	DEPRECATED("RHostsAuthentication",     GLOBAL),
	DEPRECATED("RhostsRSAAuthentication",  MATCH),
	DEPRECATED("RSAAuthentication",        MATCH),
	DEPRECATED("CheckMail",                GLOBAL),
	DEPRECATED("UseLogin",                 GLOBAL),
	DEPRECATED("VerifyReverseMapping",     GLOBAL),
	DEPRECATED("ReverseMappingCheck",      GLOBAL),
	DEPRECATED("AuthorizedKeysFile2",      MATCH),
	DEPRECATED("UsePrivilegeSeparation",   GLOBAL),
	DEPRECATED("KerberosTgtPassing",       GLOBAL),
	DEPRECATED("AFSTokenPassing",          GLOBAL),
	{ROW("Protocol", IGNORED, GLOBAL)},

	/* What distributions and vendors add. A refusal to start would lock the
	 * administrator out; in Match blocks, too, wherever they stand there. */
	UNSUPPORTED("DebianBanner",                  MATCH),
	UNSUPPORTED("GSSAPIKeyExchange",             MATCH),
	UNSUPPORTED("GSSAPIStoreCredentialsOnRekey", MATCH),
	UNSUPPORTED("GSSAPIKexAlgorithms",           MATCH),
	UNSUPPORTED("GSSAPIUseSessionCredCache",     MATCH),
	UNSUPPORTED("GSSAPIEnablek5users",           MATCH),
	UNSUPPORTED("GSSAPIIndicators",              MATCH),
	UNSUPPORTED("KerberosUseKuserok",            MATCH),
	UNSUPPORTED("KerberosUniqueCCache",          MATCH),
	UNSUPPORTED("RSAMinSize",                    MATCH),
	UNSUPPORTED("AuthorizedKeysCommandRunAs",    MATCH),
	UNSUPPORTED("HPNDisabled",                   MATCH),
	UNSUPPORTED("HPNBufferSize",                 MATCH),
	UNSUPPORTED("TcpRcvBufPoll",                 MATCH),
	UNSUPPORTED("NoneEnabled",                   MATCH),
	UNSUPPORTED("NoneMacEnabled",                MATCH),
	UNSUPPORTED("DisableMTAES",                  MATCH),
	UNSUPPORTED("UseMPTCP",                      MATCH),
};
/* clang-format on */

#define ROWS (sizeof(rows) / sizeof(rows[0]))
_Static_assert(ROWS <= KEYWORDS_MAX, "sets of keywords have room for all");

const struct keywords_row *
keywords_row(size_t i)
{
	return i < ROWS ? &rows[i] : NULL;
}

size_t
keywords_place(const struct keywords_row *row)
{
	return (size_t)(row - rows);
}

const struct keywords_row *
keywords_find(struct slice name)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (!text_same_nocase(name, rows[i].text))
			continue;
		if (rows[i].what != KEYWORDS_ALIAS)
			return &rows[i];
		return keywords_find(slice_cstr(rows[i].target));
	}
	return NULL;
}

const struct keywords_row *
keywords_of(size_t offset)
{
	size_t i = 0;

	while (i < ROWS &&
	       (rows[i].what != KEYWORDS_SETTING || rows[i].offset != offset))
		i++;
	must(i < ROWS);
	return &rows[i];
}

void *
keywords_value(const struct keywords_row *row, struct conf *c)
{
	return (uint8_t *)c + row->offset;
}

const void *
keywords_value_of(const struct keywords_row *row, const struct conf *c)
{
	return (const uint8_t *)c + row->offset;
}
