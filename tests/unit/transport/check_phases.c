#include "phases.h"
#include "suite.h"

#include <stdbool.h>

/* SEC-27: in the strict exchange there is nothing but the exchange. */
START_TEST(strict_knows_the_exchange_alone)
{
	for (unsigned int m = 0; m < 256; m++) {
		enum action a = phases_action(WHEN_STRICT, (uint8_t)m);

		if (m == 1)
			ck_assert_int_eq(a, ACT_DISCONNECT);
		else if (m == 21)
			ck_assert_int_eq(a, ACT_NEWKEYS);
		else if (m >= 30 && m <= 49)
			ck_assert_int_eq(a, ACT_KEX);
		else
			ck_assert_int_eq(a, ACT_END);
	}
}
END_TEST

/* The other initial exchange is the same, but for noise. */
START_TEST(first_differs_by_noise_alone)
{
	for (unsigned int m = 0; m < 256; m++) {
		enum action a = phases_action(WHEN_FIRST, (uint8_t)m);

		if ((m >= 2 && m <= 4) || m == 192 || m == 193)
			ck_assert_int_eq(a, ACT_DROP);
		else
			ck_assert_int_eq(a,
			    phases_action(WHEN_STRICT, (uint8_t)m));
	}
}
END_TEST

/* SEC-34: before login there is no connection protocol. */
START_TEST(delivers_to_each_phase_its_own)
{
	for (unsigned int m = 0; m < 256; m++)
		for (unsigned int p = 0; p < WHEN_COUNT; p++) {
			bool given = phases_action((enum phase)p, (uint8_t)m) ==
				     ACT_DELIVER;
			bool auth = m == 5 || (m >= 50 && m <= 79);
			bool connect = m >= 80 && m <= 127;

			ck_assert(given == ((p == WHEN_AUTH && auth) ||
					       (p == WHEN_SESSION && connect)));
		}
}
END_TEST

START_TEST(takes_one_kexinit_an_exchange)
{
	ck_assert_int_eq(phases_action(WHEN_START, 20), ACT_KEXINIT);
	ck_assert_int_eq(phases_action(WHEN_AUTH, 20), ACT_KEXINIT);
	ck_assert_int_eq(phases_action(WHEN_SESSION, 20), ACT_KEXINIT);
	ck_assert_int_eq(phases_action(WHEN_STRICT, 20), ACT_END);
	ck_assert_int_eq(phases_action(WHEN_FIRST, 20), ACT_END);
	ck_assert_int_eq(phases_action(WHEN_REKEY, 20), ACT_END);
}
END_TEST

START_TEST(lets_no_message_of_the_layers_above_into_an_exchange)
{
	for (unsigned int m = 50; m < 192; m++)
		ck_assert_int_eq(phases_action(WHEN_REKEY, (uint8_t)m),
		    ACT_END);
	for (unsigned int m = 5; m <= 7; m++)
		ck_assert_int_eq(phases_action(WHEN_REKEY, (uint8_t)m),
		    ACT_END);
}
END_TEST

TCase *
check_phases(void)
{
	TCase *tc = tcase_create("transport/phases");

	tcase_add_test(tc, strict_knows_the_exchange_alone);
	tcase_add_test(tc, first_differs_by_noise_alone);
	tcase_add_test(tc, delivers_to_each_phase_its_own);
	tcase_add_test(tc, takes_one_kexinit_an_exchange);
	tcase_add_test(tc,
	    lets_no_message_of_the_layers_above_into_an_exchange);
	return tc;
}
