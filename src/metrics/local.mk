# src/metrics: sources of this room
noinst_LIBRARIES += libsp_metrics.a
libsp_metrics_a_SOURCES = src/metrics/http.c src/metrics/http.h \
	src/metrics/metrics.c
