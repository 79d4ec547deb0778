# tests/unit/rpc: unit tests of src/rpc; one check_NAME.c for each NAME.c
