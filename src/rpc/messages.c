/*
 * messages.c - every message's LAYOUT: its fields, and how long they may be
 *
 * A frame holds 128 KiB; check_messages.c adds the limits up. Those of names
 * are the protocol's or the system's, those of blobs leave room for the
 * largest key (RSA of 16384 bits) and for certificates with many principals.
 */
#include "sallyport/rpc/messages.h"

#include "sallyport/rpc/serve.h"

#define ALG  64u   /* RFC 4251 §6 */
#define HASH 64u   /* SHA-512 */
#define USER 1024u /* as sent; longer ones are refused in the gate */
#define NAME                                                                   \
	256u /* of a host, RFC 1035 §2.3.4, with its dot; of a user there */
#define SERVICE   64u
#define METHODS   1024u  /* of AuthenticationMethods; in one name-list */
#define ADDRESS   63u    /* numeric, with a zone: struct conn has 64 */
#define LOG_WORD  63u    /* log_export */
#define LOG_TEXT  1024u  /* base/log.h: LOG_LINE_MAX */
#define WORD      32u    /* of a table of ours */
#define LINE      128u   /* a terminal's name */
#define BLOB      32768u /* public key or certificate */
#define HANDLE    16384u /* a FIDO key's: as long as its maker likes */
#define SIGNATURE 4096u  /* RSA of 16384 bits, with its name */
#define LIST      16384u /* one line of authorized_keys, all of it */
#define MAGNITUDE 1024u  /* 8192 bits */
#define PATH_LINE 4200u  /* PATH_MAX, and ":LINE" */
#define BLOCKS    8192u  /* numbers of Match blocks */
#define MESSAGE   16384u /* PAM's words, as many as are kept */
#define TEXTS     32768u /* prompts; the lists of a keeper's files */
#define PASSWORD                                                               \
	65536u             /* as long as a packet may be; refused later, at
			   * the price of one hash (SEC-37) */
#define PAGE       65536u  /* 64 entries of a list, or what -t had to say */
#define PUBLICKEYS 122880u /* and whatever else is as large as a frame */
#define BASE64(n)  (((n) + 2) / 3 * 4)

/* clang-format off */
LAYOUT(empty_msg, FIELD(empty_msg, zero, 0));
LAYOUT(note_rep, FIELD(note_rep, zero, 0));

LAYOUT(log_msg,
    FIELD(log_msg, level, 0),
    FIELD(log_msg, forced, 0),
    FIELD(log_msg, text, LOG_TEXT));

/* ---- listener, spawner, keeper ---- */

LAYOUT(conn_msg,
    FIELD(conn_msg, number, 0),
    FIELD(conn_msg, accepted_ms, 0),
    FIELD(conn_msg, peer_ip, ADDRESS),
    FIELD(conn_msg, peer_port, 0),
    FIELD(conn_msg, local_ip, ADDRESS),
    FIELD(conn_msg, local_port, 0),
    FIELD(conn_msg, rdomain, 31),
    FIELD(conn_msg, version, 255), /* RFC 4253 §4.2 */
    FIELD(conn_msg, conn, 0),
    FIELD(conn_msg, lifeline, 0));

LAYOUT(spawner_start_msg,
    FIELD(spawner_start_msg, log, LOG_WORD),
    FIELD(spawner_start_msg, generation, 0),
    FIELD(spawner_start_msg, config, 0),
    FIELD(spawner_start_msg, keys, 0),
    FIELD(spawner_start_msg, keeper, 0));

LAYOUT(spawner_ready_msg,
    FIELD(spawner_ready_msg, threads, 0),
    FIELD(spawner_ready_msg, descriptors, 0));

LAYOUT(forked_msg,
    FIELD(forked_msg, number, 0),
    FIELD(forked_msg, pid, 0));

LAYOUT(reaped_msg,
    FIELD(reaped_msg, number, 0),
    FIELD(reaped_msg, pid, 0),
    FIELD(reaped_msg, status, 0),
    FIELD(reaped_msg, peer_ip, ADDRESS),
    FIELD(reaped_msg, local_ip, ADDRESS));

LAYOUT(probe_msg,
    FIELD(probe_msg, carries, 0),
    FIELD(probe_msg, config, 0));

LAYOUT(keeper_start_msg,
    FIELD(keeper_start_msg, log, LOG_WORD),
    FIELD(keeper_start_msg, hostkeys, TEXTS),
    FIELD(keeper_start_msg, certificates, TEXTS),
    FIELD(keeper_start_msg, provider, 4095), /* PATH_MAX */
    FIELD(keeper_start_msg, agent, 4095),
    FIELD(keeper_start_msg, places, TEXTS),
    FIELD(keeper_start_msg, check, 0));

LAYOUT(keys_msg,
    FIELD(keys_msg, keys, PUBLICKEYS),
    FIELD(keys_msg, count, 0));

LAYOUT(link_msg,
    FIELD(link_msg, further_links, 0),
    FIELD(link_msg, link, 0));

LAYOUT(agent_msg, FIELD(agent_msg, link, 0));

LAYOUT(keeper_sign_msg,
    FIELD(keeper_sign_msg, key, 0),
    FIELD(keeper_sign_msg, alg, ALG),
    FIELD(keeper_sign_msg, hash, HASH));

LAYOUT(keeper_prove_msg,
    FIELD(keeper_prove_msg, key, 0),
    FIELD(keeper_prove_msg, alg, ALG),
    FIELD(keeper_prove_msg, blob, BLOB));

LAYOUT(signature_msg,
    FIELD(signature_msg, ok, 0),
    FIELD(signature_msg, signature, SIGNATURE));

LAYOUT(fido_sign_msg,
    FIELD(fido_sign_msg, number, 0),
    FIELD(fido_sign_msg, blob, BLOB),
    FIELD(fido_sign_msg, flags, 0),
    FIELD(fido_sign_msg, handle, HANDLE),
    FIELD(fido_sign_msg, data, BLOB));

LAYOUT(fido_signed_msg,
    FIELD(fido_signed_msg, number, 0),
    FIELD(fido_signed_msg, ok, 0),
    FIELD(fido_signed_msg, signature, SIGNATURE));

/* ---- a monitor's lifeline to the listener ---- */

LAYOUT(outcome_msg,
    FIELD(outcome_msg, outcome, 0),
    FIELD(outcome_msg, sent, 0),
    FIELD(outcome_msg, received, 0));

LAYOUT(facts_msg,
    FIELD(facts_msg, user, 256), /* LOGIN_NAME_MAX */
    FIELD(facts_msg, method, ALG),
    FIELD(facts_msg, refusal, WORD),
    FIELD(facts_msg, kex, ALG),
    FIELD(facts_msg, hostkey, ALG),
    FIELD(facts_msg, cipher, ALG),
    FIELD(facts_msg, wait_ms, 0),
    FIELD(facts_msg, version_ms, 0),
    FIELD(facts_msg, kex_ms, 0),
    FIELD(facts_msg, auth_ms, 0),
    FIELD(facts_msg, failed_publickey, 0),
    FIELD(facts_msg, failed_password, 0),
    FIELD(facts_msg, failed_kbdint, 0),
    FIELD(facts_msg, failed_other, 0));

LAYOUT(stats_msg,
    FIELD(stats_msg, channels, 0),
    FIELD(stats_msg, forwards, 0),
    FIELD(stats_msg, idle_ms, 0),
    FIELD(stats_msg, sent, 0),
    FIELD(stats_msg, received, 0));

LAYOUT(line_msg,
    FIELD(line_msg, open, 0),
    FIELD(line_msg, line, LINE),
    FIELD(line_msg, user, 256), /* LOGIN_NAME_MAX */
    FIELD(line_msg, pid, 0));

LAYOUT(reclaim_msg,
    FIELD(reclaim_msg, uid, 0),
    FIELD(reclaim_msg, asker, 0),
    FIELD(reclaim_msg, serial, 0),
    FIELD(reclaim_msg, port, 0),
    FIELD(reclaim_msg, path, 128)); /* sockaddr_un has 108 */

LAYOUT(reclaimed_msg,
    FIELD(reclaimed_msg, asker, 0),
    FIELD(reclaimed_msg, serial, 0),
    FIELD(reclaimed_msg, state, 0),
    FIELD(reclaimed_msg, number, 0));

LAYOUT(listens_msg, FIELD(listens_msg, uid, 0));

/* ---- gate to monitor ---- */

LAYOUT(sign_req,
    FIELD(sign_req, key, 0),
    FIELD(sign_req, alg, ALG),
    FIELD(sign_req, hash, HASH),
    FIELD(sign_req, kex, ALG),
    FIELD(sign_req, cipher, ALG));

LAYOUT(sign_rep, FIELD(sign_rep, signature, SIGNATURE));

LAYOUT(modulus_req,
    FIELD(modulus_req, min, 0),
    FIELD(modulus_req, n, 0),
    FIELD(modulus_req, max, 0));

LAYOUT(modulus_rep,
    FIELD(modulus_rep, found, 0),
    FIELD(modulus_rep, p, MAGNITUDE),
    FIELD(modulus_rep, g, MAGNITUDE));

LAYOUT(user_req,
    FIELD(user_req, user, USER),
    FIELD(user_req, service, SERVICE),
    FIELD(user_req, version_at_ms, 0),
    FIELD(user_req, kex_at_ms, 0));

LAYOUT(user_rep,
    FIELD(user_rep, matched, BLOCKS),
    FIELD(user_rep, methods, METHODS),
    FIELD(user_rep, banner, 0),
    FIELD(user_rep, refused, 0));

LAYOUT(none_req, FIELD(none_req, zero, 0));

LAYOUT(verdict_rep,
    FIELD(verdict_rep, verdict, 0),
    FIELD(verdict_rep, methods, METHODS),
    FIELD(verdict_rep, message, MESSAGE));

LAYOUT(pubkey_req,
    FIELD(pubkey_req, has_sig, 0),
    FIELD(pubkey_req, hostbound, 0),
    FIELD(pubkey_req, alg, ALG),
    FIELD(pubkey_req, blob, BLOB),
    FIELD(pubkey_req, hostkey, BLOB),
    FIELD(pubkey_req, sig, BLOB));
LAYOUT(hostbased_req,
    FIELD(hostbased_req, alg, ALG),
    FIELD(hostbased_req, blob, BLOB),
    FIELD(hostbased_req, client_host, NAME),
    FIELD(hostbased_req, client_user, NAME),
    FIELD(hostbased_req, sig, BLOB));

LAYOUT(password_req, FIELD(password_req, password, PASSWORD));

LAYOUT(kbdint_req, FIELD(kbdint_req, devices, 4096));

LAYOUT(answer_req,
    FIELD(answer_req, n, 0),
    FIELD(answer_req, answers, PASSWORD));

LAYOUT(prompt_rep,
    FIELD(prompt_rep, verdict, 0),
    FIELD(prompt_rep, methods, METHODS),
    FIELD(prompt_rep, message, MESSAGE),
    FIELD(prompt_rep, name, 1024),
    FIELD(prompt_rep, instruction, TEXTS),
    FIELD(prompt_rep, n, 0),
    FIELD(prompt_rep, prompts, TEXTS));

LAYOUT(token_req, FIELD(token_req, token, GSS_TOKEN_MAX));

LAYOUT(token_rep,
    FIELD(token_rep, verdict, 0),
    FIELD(token_rep, methods, METHODS),
    FIELD(token_rep, message, MESSAGE),
    FIELD(token_rep, token, GSS_REPLY_MAX));

LAYOUT(hand_over_msg, FIELD(hand_over_msg, state, 0));

/* ---- session to monitor ---- */

LAYOUT(pty_req, FIELD(pty_req, zero, 0));

LAYOUT(pty_rep,
    FIELD(pty_rep, ok, 0),
    FIELD(pty_rep, name, LINE),
    FIELD(pty_rep, master, 0));

LAYOUT(login_req,
    FIELD(login_req, line, LINE),
    FIELD(login_req, pid, 0));

LAYOUT(login_rep,
    FIELD(login_rep, last_time, 0),
    FIELD(login_rep, last_host, 256)); /* UT_HOSTSIZE */

LAYOUT(pty_done_req, FIELD(pty_done_req, line, LINE));

LAYOUT(prove_req,
    FIELD(prove_req, key, 0),
    FIELD(prove_req, alg, ALG));

/* ---- monitor to keycheck ---- */

LAYOUT(judge_req,
    FIELD(judge_req, has_sig, 0),
    FIELD(judge_req, hostbound, 0),
    FIELD(judge_req, alg, ALG),
    FIELD(judge_req, blob, BLOB),
    FIELD(judge_req, hostkey, BLOB),
    FIELD(judge_req, sig, BLOB),
    FIELD(judge_req, session_id, HASH),
    FIELD(judge_req, user, USER),
    FIELD(judge_req, hostbased, 0),
    FIELD(judge_req, client_host, NAME),
    FIELD(judge_req, client_user, NAME),
    FIELD(judge_req, resumed, 0),
    FIELD(judge_req, output, 0));

LAYOUT(netgroups_msg, FIELD(netgroups_msg, questions, NETGROUPS_OCTETS_MAX));
LAYOUT(netgroups_rep, FIELD(netgroups_rep, answers, 2048));

LAYOUT(judge_rep,
    FIELD(judge_rep, allowed, 0),
    FIELD(judge_rep, verified, 0),
    FIELD(judge_rep, want, 0),
    FIELD(judge_rep, which, 0),
    FIELD(judge_rep, identity, HASH),
    FIELD(judge_rep, key_text, 2048),
    FIELD(judge_rep, why, 1024),
    FIELD(judge_rep, rule, 0),
    FIELD(judge_rep, found_at, PATH_LINE),
    FIELD(judge_rep, authinfo, ALG + 1 + BASE64(BLOB)),
    FIELD(judge_rep, permits, 0),
    FIELD(judge_rep, force_command, LIST),
    FIELD(judge_rep, has_command, 0),
    FIELD(judge_rep, environment, LIST),
    FIELD(judge_rep, permitopen, LIST),
    FIELD(judge_rep, permitlisten, LIST),
    FIELD(judge_rep, tunnel, 0),
    FIELD(judge_rep, expires, 0));

/* ---- the control socket ---- */

LAYOUT(number_req, FIELD(number_req, number, 0));

LAYOUT(text_req, FIELD(text_req, text, 128)); /* an address block */

LAYOUT(done_rep,
    FIELD(done_rep, ok, 0),
    FIELD(done_rep, number, 0),
    FIELD(done_rep, text, PAGE));

LAYOUT(status_rep,
    FIELD(status_rep, version, ALG),
    FIELD(status_rep, program, 4095), /* PATH_MAX */
    FIELD(status_rep, file, 4095),
    FIELD(status_rep, listening, PAGE),
    FIELD(status_rep, generations, TEXTS),
    FIELD(status_rep, started_s, 0),
    FIELD(status_rep, uptime_ms, 0),
    FIELD(status_rep, connections, 0),
    FIELD(status_rep, reloads, 0),
    FIELD(status_rep, pid, 0),
    FIELD(status_rep, keeper_pid, 0),
    FIELD(status_rep, silent, 0),
    FIELD(status_rep, speaking, 0),
    FIELD(status_rep, sessions, 0),
    FIELD(status_rep, penalised, 0),
    FIELD(status_rep, confirm_s, 0),
    FIELD(status_rep, confirming, 0));

LAYOUT(list_req,
    FIELD(list_req, after, 0),
    FIELD(list_req, all, 0));

LAYOUT(list_rep,
    FIELD(list_rep, more, 0),
    FIELD(list_rep, entries, PAGE));

LAYOUT(session_entry,
    FIELD(session_entry, number, 0),
    FIELD(session_entry, pid, 0),
    FIELD(session_entry, state, 0),
    FIELD(session_entry, user, 256), /* LOGIN_NAME_MAX */
    FIELD(session_entry, peer_ip, ADDRESS),
    FIELD(session_entry, peer_port, 0),
    FIELD(session_entry, local_ip, ADDRESS),
    FIELD(session_entry, local_port, 0),
    FIELD(session_entry, line, LINE),
    FIELD(session_entry, age_ms, 0),
    FIELD(session_entry, told, 0),
    FIELD(session_entry, channels, 0),
    FIELD(session_entry, forwards, 0),
    FIELD(session_entry, idle_ms, 0),
    FIELD(session_entry, sent, 0),
    FIELD(session_entry, received, 0));

LAYOUT(penalty_entry,
    FIELD(penalty_entry, block, 128),
    FIELD(penalty_entry, reason, 128),
    FIELD(penalty_entry, left_ms, 0),
    FIELD(penalty_entry, enforced, 0));
LAYOUT(admission_rep,
    FIELD(admission_rep, ok, 0),
    FIELD(admission_rep, penalised, 0),
    FIELD(admission_rep, penalty, 128),
    FIELD(admission_rep, penalty_ms, 0),
    FIELD(admission_rep, here, 0),
    FIELD(admission_rep, here_max, 0),
    FIELD(admission_rep, speaking, 0),
    FIELD(admission_rep, startups_begin, 0),
    FIELD(admission_rep, startups_rate, 0),
    FIELD(admission_rep, startups_full, 0),
    FIELD(admission_rep, chance, 0));

LAYOUT(configuration_rep, FIELD(configuration_rep, bundle, 0));

LAYOUT(figures_req, FIELD(figures_req, openmetrics, 0));

LAYOUT(figures_rep, FIELD(figures_rep, text, PUBLICKEYS));

LAYOUT(metrics_start_msg,
    FIELD(metrics_start_msg, log, LOG_WORD),
    FIELD(metrics_start_msg, socket, 0));

LAYOUT(tokens_rep,
    FIELD(tokens_rep, fingerprint, 256),
    FIELD(tokens_rep, key, BASE64(BLOB)),
    FIELD(tokens_rep, type, ALG),
    FIELD(tokens_rep, ca_fingerprint, 256),
    FIELD(tokens_rep, ca_key, BASE64(BLOB)),
    FIELD(tokens_rep, ca_type, ALG),
    FIELD(tokens_rep, id, LIST),
    FIELD(tokens_rep, serial, 20)); /* decimal digits of 64 bits */

/* ---- monitor to the errand that runs a program ---- */

LAYOUT(lookup_msg,
    FIELD(lookup_msg, result, 0),
    FIELD(lookup_msg, name, 255)); /* RFC 1035 §2.3.4 */

LAYOUT(runner_msg,
    FIELD(runner_msg, argv, 98304), /* twice the longest key, and more */
    FIELD(runner_msg, env, 8192),
    FIELD(runner_msg, uid, 0),
    FIELD(runner_msg, gid, 0),
    FIELD(runner_msg, groups, 16384), /* 4,096 of them */
    FIELD(runner_msg, timeout_ms, 0),
    FIELD(runner_msg, output_max, 0));

LAYOUT(runner_end_msg,
    FIELD(runner_end_msg, end, 0),
    FIELD(runner_end_msg, directory, 0),
    FIELD(runner_end_msg, number, 0),
    FIELD(runner_end_msg, path, 4095), /* PATH_MAX */
    FIELD(runner_end_msg, output, 0));

LAYOUT(gss_token_msg, FIELD(gss_token_msg, token, GSS_TOKEN_MAX));

LAYOUT(gss_mic_msg,
    FIELD(gss_mic_msg, data, 4096), /* session id, names */
    FIELD(gss_mic_msg, mic, GSS_MIC_MAX));

LAYOUT(gss_answer_msg,
    FIELD(gss_answer_msg, ok, 0),
    FIELD(gss_answer_msg, why, GSS_WHY_MAX),
    FIELD(gss_answer_msg, token, GSS_REPLY_MAX),
    FIELD(gss_answer_msg, principal, GSS_PRINCIPAL_MAX),
    FIELD(gss_answer_msg, ccache, GSS_CCACHE_MAX));

LAYOUT(kuserok_msg,
    FIELD(kuserok_msg, principal, GSS_PRINCIPAL_MAX),
    FIELD(kuserok_msg, user, USER),
    FIELD(kuserok_msg, uid, 0),
    FIELD(kuserok_msg, gid, 0),
    FIELD(kuserok_msg, groups, 16384)); /* 4,096 of them */

LAYOUT(output_msg,
    FIELD(output_msg, key, HASH),
    FIELD(output_msg, until_ms, 0),
    FIELD(output_msg, output, 0));
/* clang-format on */

#define FITS(m)                                                                \
	_Static_assert(sizeof(struct m) <= SERVE_STRUCT_MAX,                   \
	    "serve_one holds it on its stack");
MESSAGES(FITS)
