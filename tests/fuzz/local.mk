# tests/fuzz: one libFuzzer target a parser, and the seeds it starts from.
# Built with ./configure --enable-fuzzers (clang); run by tests/fuzz/run.
# A new target: fuzz_NAME.c, corpus/NAME/, and its NAME here.
FUZZ = rdwr text pattern moduli pem verify
FUZZ += conf layout serve
FUZZ += key sig keyfile authline krl knownline rhosts
FUZZ += version packet kexinit kex state inflate transport
FUZZ += channel ptymodes sftp
FUZZ += algo kem mldsa
FUZZ += control http
FUZZ += userauth preauth agent gsstoken
EXTRA_DIST += tests/fuzz/run $(FUZZ:%=tests/fuzz/fuzz_%.c) tests/fuzz/corpus
if FUZZERS
fuzz-%: $(srcdir)/tests/fuzz/fuzz_%.c $(SP_ROOMS)
	$(AM_V_CC)$(CC) $(DEFS) $(AM_CPPFLAGS) $(CPPFLAGS) $(AM_CFLAGS) \
		$(CFLAGS) -I$(srcdir)/src -fsanitize=fuzzer $(AM_LDFLAGS) \
		-o $@ $< $(SP_ROOMS) $(SP_LIBS)

fuzzers: $(FUZZ:%=fuzz-%)
CLEANFILES += $(FUZZ:%=fuzz-%)
endif
