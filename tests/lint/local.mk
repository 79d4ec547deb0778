# tests/lint: the layers, checked against the sources and the built libraries
check_SCRIPTS += tests/lint/layers tests/lint/layers-selftest
TESTS += tests/lint/layers tests/lint/layers-selftest
EXTRA_DIST += tests/lint/layers tests/lint/layers-selftest tests/lint/ranks
