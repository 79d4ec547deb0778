# tests/unit/crypto: unit tests of src/crypto; one check_NAME.c for each NAME.c
