# src/gate: sources of this room
noinst_LIBRARIES += libsp_gate.a
libsp_gate_a_SOURCES =
