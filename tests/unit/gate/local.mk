# tests/unit/gate: unit tests of src/gate; one check_NAME.c for each NAME.c
