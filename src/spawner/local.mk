# src/spawner: sources of this room
noinst_LIBRARIES += libsp_spawner.a
libsp_spawner_a_SOURCES = src/spawner/spawner.c
