/*
 * values_session.h - value kinds of sessions and forwarding
 */
#ifndef SALLYPORT_CONF_VALUES_SESSION_H
#define SALLYPORT_CONF_VALUES_SESSION_H

#include "values.h"

/* ---- sessions ----------------------------------------------------------- */
extern const struct values_kind values_session_accept_env; /* grows */
extern const struct values_kind values_session_set_env;    /* one line */
extern const struct values_kind values_session_user_environment;
extern const struct values_kind values_session_subsystem; /* by name; grows */
extern const struct values_kind values_session_channel_timeout;

/* ---- SFTP --------------------------------------------------------------- */
extern const struct values_kind values_session_mode;  /* octal, or none */
extern const struct values_kind values_session_quota; /* octets; none is 0 */

/* ---- forwarding --------------------------------------------------------- */
extern const struct values_kind values_session_forward;
extern const struct values_kind values_session_gateway;
extern const struct values_kind values_session_tunnel;
extern const struct values_kind values_session_permit_open;
extern const struct values_kind values_session_permit_listen;
extern const struct values_kind values_session_rules; /* any, none, rules */

#endif
