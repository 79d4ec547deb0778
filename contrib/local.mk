# contrib: units, and snippets for packagers, with the folders of this build
CONTRIB_MADE = contrib/systemd/sallyportd.service \
	contrib/systemd/sallyportd@.service contrib/tmpfiles/sallyport.conf \
	contrib/sysusers/sallyport.conf
CLEANFILES += $(CONTRIB_MADE)

if SYSTEMD_UNITS
nodist_systemdsystemunit_DATA = contrib/systemd/sallyportd.service \
	contrib/systemd/sallyportd@.service
dist_systemdsystemunit_DATA = contrib/systemd/sallyportd.socket
endif
noinst_DATA = $(CONTRIB_MADE)

$(CONTRIB_MADE): %: %.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SED) -e 's|@sbindir[@]|$(sbindir)|g' \
		-e 's|@privsep_user[@]|$(privsep_user)|g' \
		-e 's|@privsep_path[@]|$(privsep_path)|g' $< >$@.tmp && \
		mv $@.tmp $@

# for bash, where its completions are looked for by the command's name
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = contrib/completion/sallyportctl \
	contrib/completion/sallyportd
