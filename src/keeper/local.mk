# src/keeper: sources of this room
noinst_LIBRARIES += libsp_keeper.a
libsp_keeper_a_SOURCES =
