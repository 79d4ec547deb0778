# tests/unit/conf: unit tests of src/conf; one check_NAME.c for each NAME.c
