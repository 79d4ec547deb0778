# tests/unit/proc: unit tests of src/proc; one check_NAME.c for each NAME.c
