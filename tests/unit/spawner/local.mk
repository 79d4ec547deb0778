# tests/unit/spawner: unit tests of src/spawner; one check_NAME.c for each NAME.c
