# src/keeper: sources of this room
noinst_LIBRARIES += libsp_keeper.a
libsp_keeper_a_SOURCES = src/keeper/agent.c src/keeper/agent.h \
	src/keeper/fido.c src/keeper/hostkeys.c \
	src/keeper/hostkeys.h src/keeper/keeper.c src/keeper/keeper.h \
	src/keeper/ops_sign.c
