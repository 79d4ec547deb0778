# tests/unit/listener: unit tests of src/listener; one check_NAME.c for each NAME.c
