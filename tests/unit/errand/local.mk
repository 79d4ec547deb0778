# tests/unit/errand: unit tests of src/errand; one check_NAME.c for each NAME.c
