# tests/unit/userauth: unit tests of src/userauth; one check_NAME.c for each NAME.c
