/*
 * values_net.h - value kinds of listening and admission
 */
#ifndef SALLYPORT_CONF_VALUES_NET_H
#define SALLYPORT_CONF_VALUES_NET_H

#include "values.h"

#define VALUES_NET_PORTS_MAX  256
#define VALUES_NET_LISTEN_MAX 1024

extern const struct values_kind values_net_port;   /* port and nports; grows */
extern const struct values_kind values_net_listen; /* listen, nlisten; grows */
extern const struct values_kind values_net_family;
extern const struct values_kind values_net_rdomain; /* none */
extern const struct values_kind values_net_qos;     /* interactive and bulk */

extern const struct values_kind values_net_startups;   /* begin, rate, full */
extern const struct values_kind values_net_per_source; /* count, or none */
extern const struct values_kind values_net_netblock;   /* netblock4, 6 */

/*
 * "host", "host:port", "[v6]:port": cut text into its parts, brackets off.
 * Two colons or more without brackets are an address of IPv6. *port is empty
 * where there is none. False if it has neither form.
 */
bool
values_net_split(struct slice text, struct slice *host, struct slice *port);

/* 1 to 65535, or "ssh"; 0 if it is neither. */
uint16_t values_net_port_of(struct slice text);

#endif
