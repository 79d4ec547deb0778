# tests/unit/connect: unit tests of src/connect; one check_NAME.c for each NAME.c
