# tests/unit/transport: unit tests of src/transport; one check_NAME.c for each NAME.c
