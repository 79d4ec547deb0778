#include "desk.h"

static bool
passes(struct desk *d, const char *method, const char *sub)
{
	ck_assert(methods_allowed(&d->m, method, sub));
	return methods_passed(&d->m, method, sub);
}

START_TEST(without_lists_any_enabled_method_is_enough)
{
	struct desk d;

	desk_init(&d, "KbdInteractiveAuthentication no\n");
	ck_assert_str_eq(desk_methods(&d), "publickey,password");
	ck_assert(!methods_allowed(&d.m, "keyboard-interactive", NULL));
	ck_assert(passes(&d, "password", NULL));
	desk_clear(&d);
}
END_TEST

START_TEST(nothing_unknown_is_allowed)
{
	static const char *const names[] = {"", "none", "hostbased",
	    "gssapi-with-mic", "publickey,password", "PUBLICKEY", "public"};
	struct desk d;

	desk_init(&d, "AuthenticationMethods any\n");
	ck_assert(!methods_allowed(&d.m, names[_i], NULL));
	desk_clear(&d);
}
END_TEST

START_TEST(a_host_is_asked_last)
{
	struct desk d;

	desk_init(&d, "HostbasedAuthentication yes\n");
	ck_assert_str_eq(desk_methods(&d),
	    "publickey,password,keyboard-interactive,hostbased");
	ck_assert(passes(&d, "hostbased", NULL));
	desk_clear(&d);
	desk_init(&d, "HostbasedAuthentication yes\n"
		      "AuthenticationMethods hostbased,publickey\n");
	ck_assert_str_eq(desk_methods(&d), "hostbased");
	ck_assert(!passes(&d, "hostbased", NULL));
	ck_assert_str_eq(desk_methods(&d), "publickey");
	desk_clear(&d);
}
END_TEST

/* "none" is for accounts without a password, where both say so. */
START_TEST(none_needs_empty_passwords)
{
	struct desk d;

	desk_init(&d, "PermitEmptyPasswords yes\n");
	ck_assert(methods_allowed(&d.m, "none", NULL));
	ck_assert_ptr_null(strstr(desk_methods(&d), "none"));
	desk_clear(&d);
	desk_init(&d, "PermitEmptyPasswords yes\nPasswordAuthentication no\n");
	ck_assert(!methods_allowed(&d.m, "none", NULL));
	desk_clear(&d);
}
END_TEST

/* Each step in its turn, and only the last makes it whole. */
START_TEST(a_list_is_passed_in_order)
{
	struct desk d;

	desk_init(&d, "AuthenticationMethods "
		      "publickey,password,keyboard-interactive\n");
	ck_assert_str_eq(desk_methods(&d), "publickey");
	ck_assert(!methods_allowed(&d.m, "password", NULL));
	ck_assert(!passes(&d, "publickey", NULL));
	ck_assert_str_eq(desk_methods(&d), "password");
	ck_assert(!methods_allowed(&d.m, "publickey", NULL));
	ck_assert(!passes(&d, "password", NULL));
	ck_assert_str_eq(desk_methods(&d), "keyboard-interactive");
	ck_assert(passes(&d, "keyboard-interactive", NULL));
	desk_clear(&d);
}
END_TEST

START_TEST(the_same_step_twice_is_two_steps)
{
	struct desk d;

	desk_init(&d, "AuthenticationMethods publickey,publickey\n");
	ck_assert(!passes(&d, "publickey", NULL));
	ck_assert(passes(&d, "publickey", NULL));
	desk_clear(&d);
}
END_TEST

/* A step counts for every list that it fits; any whole list is enough. */
START_TEST(lists_advance_together)
{
	struct desk d;

	desk_init(&d, "AuthenticationMethods publickey,password "
		      "publickey,keyboard-interactive password\n");
	ck_assert_str_eq(desk_methods(&d), "publickey,password");
	ck_assert(!passes(&d, "publickey", NULL));
	ck_assert_str_eq(desk_methods(&d), "password,keyboard-interactive");
	ck_assert(passes(&d, "keyboard-interactive", NULL));
	desk_clear(&d);
}
END_TEST

START_TEST(a_submethod_must_be_the_one)
{
	struct desk d;

	desk_init(&d, "AuthenticationMethods keyboard-interactive:pam\n");
	ck_assert_str_eq(desk_methods(&d), "keyboard-interactive");
	ck_assert(!methods_allowed(&d.m, "keyboard-interactive", NULL));
	ck_assert(!methods_allowed(&d.m, "keyboard-interactive", "bsdauth"));
	ck_assert(passes(&d, "keyboard-interactive", "pam"));
	desk_clear(&d);
}
END_TEST

START_TEST(a_list_with_a_disabled_method_is_left_out)
{
	struct desk d;

	desk_init(&d, "PasswordAuthentication no\n"
		      "AuthenticationMethods publickey,password publickey\n");
	ck_assert(desk_logged(&d,
	    "INFO Authentication methods list \"publickey,password\" contains "
	    "disabled method, skipping"));
	ck_assert(passes(&d, "publickey", NULL));
	desk_clear(&d);
}
END_TEST

START_TEST(without_a_list_that_is_left_nothing_passes)
{
	static const char *const list[] = {"publickey,password"};
	struct desk d;

	desk_init(&d, "");
	d.m.conf.authentication_methods.n = 1;
	d.m.conf.authentication_methods.v = list;
	d.m.conf.password = false;
	ck_assert(!methods_init(&d.m));
	ck_assert(!methods_allowed(&d.m, "publickey", NULL));
	ck_assert(!methods_passed(&d.m, "publickey", NULL));
	ck_assert_str_eq(desk_methods(&d), "");
	desk_clear(&d);
}
END_TEST

TCase *
check_methods(void)
{
	TCase *tc = tcase_create("monitor/methods");

	tcase_add_test(tc, without_lists_any_enabled_method_is_enough);
	tcase_add_loop_test(tc, nothing_unknown_is_allowed, 0, 7);
	tcase_add_test(tc, a_host_is_asked_last);
	tcase_add_test(tc, none_needs_empty_passwords);
	tcase_add_test(tc, a_list_is_passed_in_order);
	tcase_add_test(tc, the_same_step_twice_is_two_steps);
	tcase_add_test(tc, lists_advance_together);
	tcase_add_test(tc, a_submethod_must_be_the_one);
	tcase_add_test(tc, a_list_with_a_disabled_method_is_left_out);
	tcase_add_test(tc, without_a_list_that_is_left_nothing_passes);
	return tc;
}
