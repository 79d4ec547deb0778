/*
 * conf.h - sshd_config as a value
 *
 * The listener parses the text (to refuse a bad file), bundles everything that
 * was read (command-line options, file, included files) and passes the bundle
 * as a sealed memory file; each spawner parses the same bundle, so that one
 * generation sees one configuration. The result lives in an arena that is made
 * read-only before the first fork.
 *
 * Match: the monitor learns which blocks hold and tells their numbers; gate,
 * keycheck and session apply the same blocks to the same configuration, so no
 * option travels. conf_apply gives a small copy of struct conf; the lists
 * inside stay in the sealed arena.
 *
 * One table (keywords.c) declares every keyword; parsing, defaults, Match, -T
 * and -G come from it.
 *
 * Source:  sshd_config(5) of this project; OpenSSH 10.5 where it says nothing
 * Runs in: listener (reads and parses), spawner (parses), monitor, gate,
 *          keycheck and session (apply). Only conf_read touches files.
 */
#ifndef SALLYPORT_CONF_CONF_H
#define SALLYPORT_CONF_CONF_H

#include "sallyport/base/buf.h"
#include "sallyport/base/err.h"
#include "sallyport/base/log.h"
#include "sallyport/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* A list of words; n 0: none given. */
struct conf_list {
	const char *const *v;
	size_t n;
};

enum conf_root {
	ROOT_NO,
	ROOT_YES,
	ROOT_PROHIBIT_PASSWORD,
	ROOT_FORCED_COMMANDS
};
enum conf_forward { FORWARD_NO, FORWARD_LOCAL, FORWARD_REMOTE, FORWARD_ALL };
enum conf_gateway { GATEWAY_NO, GATEWAY_YES, GATEWAY_CLIENT };
enum conf_family { FAMILY_ANY, FAMILY_INET, FAMILY_INET6 };
enum conf_rhosts { RHOSTS_NO, RHOSTS_YES, RHOSTS_SHOSTS_ONLY };

struct conf_listen {
	const char *host;    /* NULL: every address */
	uint16_t port;       /* 0: each of ports */
	const char *rdomain; /* or NULL */
};

struct conf_subsystem {
	const char *name;
	const char
	    *command; /* "internal-sftp" or a command line, quoting kept */
};

/*
 * A program that tells keys or principals: a line of AuthorizedKeysCommand or
 * AuthorizedPrincipalsCommand, "[timeout=TIME] [cache=TIME] PATH ARGUMENTS".
 */
struct conf_command {
	const char *line;   /* path and arguments as written; borrows */
	uint32_t timeout_s; /* killed after that */
	uint32_t cache_s;   /* its output serves so long; 0: once */
};
#define CONF_COMMAND_TIMEOUT_S 60 /* a directory that is asked over a network */

/* False: a word before the path isn't one of the two, or there is no path. */
bool conf_command_read(const char *text, struct conf_command *c);

#define CONF_MODE_NONE UINT32_MAX /* of SftpFileMode, SftpDirMode */

/* PerSourcePenalties, in milliseconds. */
struct conf_penalties {
	uint64_t crash_ms, authfail_ms, invaliduser_ms, refuseconnection_ms;
	uint64_t noauth_ms, grace_exceeded_ms;
	uint64_t max_ms; /* ceiling of an address block's sum */
	uint64_t min_ms; /* nothing is enforced below */
	uint32_t max_sources4, max_sources6;
	bool deny4, deny6; /* overflow: refuse all, not expire the earliest */
	bool enabled;
	uint32_t given; /* keys that were set; values_net.c's own */
};

/*
 * Every setting, by its keyword in the manual's order of sense. "none" is
 * NULL for texts. Times in seconds, sizes in octets. Algorithm lists are worked
 * out (comma-separated names). Members that may change under Match are marked M.
 */
struct conf {
	/* ---- listening ---- */
	uint16_t port[256];
	size_t nports;
	const struct conf_listen *listen;
	size_t nlisten;
	enum conf_family family;
	const char *pid_file;
	const char *version_addendum;
	bool tcp_keep_alive;
	bool use_dns;
	uint32_t ipqos_interactive; /* M: TOS octet, or UINT32_MAX for none */
	uint32_t ipqos_bulk;        /* M */

	/* ---- admission ---- */
	uint32_t login_grace_s; /* 0: none */
	uint32_t startups_begin, startups_rate, startups_full;
	uint32_t per_source_startups; /* UINT32_MAX: none */
	uint32_t netblock4, netblock6;
	struct conf_penalties penalties;
	const char *penalty_exempt;  /* list of addresses */
	uint32_t spawner_generation; /* ours: SpawnerGeneration, default 64 */

	/* ---- operation, ours ---- */
	const char *control_socket; /* path of a Unix socket */
	const char *metrics_listen; /* the same, or loopback "ADDRESS:PORT" */

	/* ---- transport ---- */
	const char *kex_algorithms;
	const char *ciphers;
	const char *macs;
	const char *hostkey_algorithms;
	bool compression;
	uint64_t rekey_octets;  /* M; 0: default */
	uint32_t rekey_seconds; /* M; 0: none */
	const char *moduli_file;
	struct conf_list host_keys; /* paths; see host_keys_default */
	bool host_keys_default;     /* none configured: the default paths */
	struct conf_list host_certificates;
	const char *host_key_agent;        /* path or "SSH_AUTH_SOCK" */
	const char *security_key_provider; /* path or "internal" */
	uint32_t required_rsa_size;        /* M */

	/* ---- log ---- */
	enum log_level log_level; /* M */
	int syslog_facility;
	struct conf_list log_verbose; /* M */
	uint32_t fingerprint_hash;    /* enum hash_id */

	/* ---- authentication, all M but where said ---- */
	bool use_pam; /* not M */
	const char *pam_service;
	bool password;
	bool kbdint;
	bool pubkey;
	bool hostbased;
	bool gssapi;
	bool gssapi_cleanup, gssapi_delegate, gssapi_strict; /* not M */
	bool kerberos;
	bool kerberos_afs, kerberos_local, kerberos_cleanup; /* not M */
	bool permit_empty_passwords;
	enum conf_root permit_root_login;
	uint32_t max_auth_tries;
	struct conf_list authentication_methods;   /* none: any */
	struct conf_list authorized_keys_files;    /* none: "none" */
	struct conf_list authorized_keys_commands; /* conf_command_read */
	const char *authorized_keys_command_user;
	const char *authorized_principals_file;
	const char *authorized_principals_command;
	const char *authorized_principals_command_user;
	const char *trusted_user_ca_keys;
	struct conf_list revoked_keys;
	const char *pubkey_algorithms;
	const char *hostbased_algorithms;
	const char *ca_algorithms;
	bool pubkey_touch, pubkey_verify; /* PubkeyAuthOptions */
	bool strict_modes;                /* not M */
	struct conf_list allow_users, deny_users, allow_groups, deny_groups;
	bool refuse_connection;
	const char *banner;
	bool expose_auth_info;
	enum conf_rhosts ignore_rhosts;
	bool ignore_user_known_hosts; /* not M */
	bool hostbased_name_from_packet;

	/* ---- session, all M but where said ---- */
	const char *force_command;
	const char *chroot_directory;
	bool permit_tty;
	bool permit_user_rc;
	struct conf_list permit_user_environment; /* not M; patterns; "yes" is
						   * "*", none is no */
	struct conf_list accept_env;
	struct conf_list set_env; /* NAME=value */
	bool print_motd;          /* not M by sshd_config(5), like the next */
	bool print_last_log;
	uint32_t max_sessions;
	uint32_t client_alive_interval_s;
	uint32_t client_alive_count_max;
	uint32_t unused_connection_timeout_s; /* 0: none */
	struct conf_list channel_timeout;     /* type=time as written */
	const struct conf_subsystem *subsystems;
	size_t nsubsystems;
	const char *rdomain;
	/* ours: of internal-sftp */
	const char *sftp_root;   /* tokens not expanded */
	uint32_t sftp_file_mode; /* or CONF_MODE_NONE */
	uint32_t sftp_dir_mode;
	uint64_t sftp_quota; /* octets below sftp_root; 0: none */
	bool sftp_atomic_upload;

	/* ---- forwarding, all M ---- */
	enum conf_forward allow_tcp_forwarding;
	enum conf_forward allow_streamlocal_forwarding;
	bool allow_agent_forwarding;
	bool disable_forwarding;
	enum conf_gateway gateway_ports;
	struct conf_list permit_open,
	    permit_listen; /* "any", "none" or items */
	/* ours: rules "HOST:PORTS" on what names stand for; none given */
	struct conf_list forward_allow, forward_deny;
	uint32_t permit_tunnel; /* 0 no, 1 point-to-point, 2 ethernet, 3 yes */
	uint32_t streamlocal_mask;
	bool streamlocal_unlink;
	bool x11_forwarding;
	uint32_t x11_display_offset;
	bool x11_use_localhost;
	const char *xauth_location;

	/* ---- of OpenSSH's helper programs; kept for -T, without effect ---- */
	const char *sshd_session_path;
	const char *sshd_auth_path;

	const struct conf_set *set; /* whose this is */
};

/* A parsed configuration with its Match blocks. */
struct conf_set;

/*
 * What the start said: -f, -o, -p, -h, -c, -g … as configuration lines. They
 * come before the file's. With ports_final (-p) Port lines of files are
 * checked but not used.
 */
struct conf_source {
	const char *file; /* NULL: the default; "none" in any case: no file */
	const char *const *lines; /* -o, and what the other flags stand for */
	size_t nlines;
	bool ports_final;
};

/*
 * Read file and included ones from disk into a bundle: text that conf_parse
 * takes. A relative pattern of Include is taken from the main file's directory.
 * Errors (a file that can't be read, more than CONF_FILES) are in why:
 * one line, "FILE: sentence". A missing default file is an empty one. The
 * working directory and HOME go into the bundle, too: relative paths and
 * "~" in values mean those of the start.
 */
#define CONF_FILES 256
MUST_USE enum err conf_read(const struct conf_source *source,
    struct buf *bundle, char *why, size_t size);

/*
 * Parse a bundle, fill in defaults, check as a whole. No I/O. Every complaint
 * goes to complain in order (level, line without newline); ERR_CONFIG if one
 * of them forbids a start (exit 255); *set is NULL then. ERR_FORMAT: not a
 * bundle. Gives; conf_free. Levels: FATAL ended the parsing, ERROR will end
 * it with the file, INFO and below are for the administrator to know; VERBOSE
 * is advice for who tests the file (-t): lines without effect.
 */
typedef void conf_complain(void *ctx, enum log_level level, const char *line);
MUST_USE enum err conf_parse(struct slice bundle, conf_complain *complain,
    void *ctx, struct conf_set **set);
void conf_free(struct conf_set *set);

/* Read-only from now on. */
void conf_seal(struct conf_set *set);

/* Global values; lives as long as set. */
const struct conf *conf_global(const struct conf_set *set);

/* ---- Match ---- */

/* What conditions compare with; NULL or -1: not known, doesn't match. */
struct conf_facts {
	const char *user;
	bool invalid_user;
	const char *const *groups; /* names of the user's groups */
	size_t ngroups;
	const char *host;    /* client's name; without UseDNS its address */
	const char *address; /* client's */
	const char *local_address;
	int local_port;
	const char *rdomain;
};

/*
 * Blocks that hold, as a bit set of at most CONF_BLOCKS_OCTETS octets (bit n
 * of octet n/8). Writes *n octets to room.
 */
#define CONF_BLOCKS_OCTETS 2048 /* 16,384 Match blocks */
void conf_match(const struct conf_set *set, const struct conf_facts *facts,
    uint8_t *room, size_t *n);

/* Do conditions on groups occur (then the names are worth a look-up)? */
bool conf_match_wants_groups(const struct conf_set *set);

/*
 * Global values with these blocks applied, first value wins. *out lives as
 * long as set (its lists are the set's); ERR_FORMAT: not a block set. Lists
 * that several blocks add to are joined in memory that set keeps outside of
 * what is sealed, so call it once a process, not once a request.
 */
MUST_USE enum err
conf_apply(const struct conf_set *set, struct slice blocks, struct conf *out);

/*
 * Before the key exchange: what blocks say about it (Ciphers and the like)
 * that depend on addresses, port and routing domain alone. User, groups and
 * host of facts aren't looked at. Gives; mem_free. NULL, and no memory was
 * touched, where no block of this configuration says anything: the global
 * values hold.
 */
struct conf *
conf_early(const struct conf_set *set, const struct conf_facts *facts);

/* Every value that any block might give for PubkeyAcceptedAlgorithms, merged
 * with the global one (server-sig-algs); and for KexAlgorithms. The set's. */
const char *conf_any_pubkey_algorithms(const struct conf_set *set);
const char *conf_any_kex_algorithms(const struct conf_set *set);

/* ---- where a value is from ---------------------------------------------- */

struct conf_origin {
	const char *file;  /* "command-line" for what the start said */
	unsigned int line; /* of it; 0 on the command line */
};

/*
 * The line that decided a value: member points to it in *c, which is what
 * conf_apply made of blocks, or the global values (blocks SLICE_NONE). Of a
 * list that several lines add to (AllowUsers), element tells which entry is
 * asked for. False: nobody said anything, it is the default.
 */
bool conf_origin(const struct conf *c, struct slice blocks, const void *member,
    size_t element, struct conf_origin *out);

/* What -t must know of the machine to see what a file does on it. */
struct conf_world {
	bool (*has_user)(const char *name);
	bool (*has_group)(const char *name);
	const char *inherited; /* listening sockets are the service manager's:
				* what says so; NULL: they are ours */
};

/*
 * Lines without effect that can't be seen while parsing: Match blocks that
 * never hold or come too late, ports that somebody else listens on, lists
 * that let nobody in. Each goes to complain at VERBOSE.
 */
void conf_advise(const struct conf_set *set, const struct conf_world *world,
    conf_complain *complain, void *ctx);

/* The Match line of block i. False: there is none, or the block only goes on
 * with what an Include within another interrupted. */
bool conf_block(const struct conf_set *set, size_t i, struct conf_origin *out);

/* ---- -T, -G ---- */

/*
 * Every value as "keyword value" lines, keywords in lower case. The text is a
 * configuration: parsed and dumped again it gives the same octets.
 */
MUST_USE enum err conf_dump(const struct conf *c, struct buf *out);

/* The same with "# FILE line N" or "# default" behind a tab on each line: for
 * the eye. blocks as for conf_origin. */
MUST_USE enum err
conf_dump_origins(const struct conf *c, struct slice blocks, struct buf *out);

/* The version that "Match version" compares with: whose rules we follow. */
#define CONF_MATCH_VERSION "OpenSSH_10.5p1"

/* The default path of the configuration file. */
const char *conf_default_file(void);

#endif
