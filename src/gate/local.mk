# src/gate: sources of this room
noinst_LIBRARIES += libsp_gate.a
libsp_gate_a_SOURCES = src/gate/farewell.c src/gate/gate.c src/gate/gate.h \
	src/gate/offer.c src/gate/oracle.c
