# tests/lint: the layers, checked against the sources and the built libraries;
# the documents, against what is there
check_SCRIPTS += tests/lint/layers tests/lint/layers-selftest \
	tests/lint/documents
TESTS += tests/lint/layers tests/lint/layers-selftest tests/lint/documents
EXTRA_DIST += tests/lint/layers tests/lint/layers-selftest \
	tests/lint/documents tests/lint/ranks
