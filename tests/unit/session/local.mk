# tests/unit/session: unit tests of src/session; one check_NAME.c for each NAME.c
