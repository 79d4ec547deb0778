# tests/unit/keeper: unit tests of src/keeper; one check_NAME.c for each NAME.c
