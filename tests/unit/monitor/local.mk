# tests/unit/monitor: unit tests of src/monitor; one check_NAME.c for each NAME.c
