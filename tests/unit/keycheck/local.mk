# tests/unit/keycheck: unit tests of src/keycheck; one check_NAME.c for each NAME.c
