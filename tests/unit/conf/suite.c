#include "suite.h"

TCase *check_line(void);
TCase *check_bundle(void);
TCase *check_keywords(void);
TCase *check_values(void);
TCase *check_values_net(void);
TCase *check_values_penalties(void);
TCase *check_values_session(void);
TCase *check_values_ssh(void);
TCase *check_values_text(void);
TCase *check_advice(void);
TCase *check_origin(void);
TCase *check_suggest(void);
TCase *check_parse(void);
TCase *check_match(void);
TCase *check_conf(void);
TCase *check_dump(void);

int
main(void)
{
	static case_fn *const cases[] = {check_line, check_bundle,
	    check_keywords, check_values, check_values_net,
	    check_values_penalties, check_values_session, check_values_ssh,
	    check_values_text, check_parse, check_match, check_conf, check_dump,
	    check_origin, check_suggest, check_advice};

	return suite_run("conf", cases, sizeof(cases) / sizeof(cases[0]));
}
