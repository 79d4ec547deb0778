# tests/unit/key: unit tests of src/key; one check_NAME.c for each NAME.c
