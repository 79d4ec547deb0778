/*
 * values_metrics.h - the value kind of MetricsListen
 */
#ifndef SALLYPORT_CONF_VALUES_METRICS_H
#define SALLYPORT_CONF_VALUES_METRICS_H

#include "values.h"

/* const char *: a Unix socket's path, or "ADDRESS:PORT" of the loopback (IPv6
 * in brackets); or none. Nothing else: the figures aren't for strangers. */
extern const struct values_kind values_metrics_listen;

#endif
