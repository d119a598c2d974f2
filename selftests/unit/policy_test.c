// SPDX-License-Identifier: GPL-2.0
/* The arithmetic of module/policy.c, by tables of cases. */
#include "kselftest.h"

#include "../../module/policy.c"

#define MB	(1ULL << 20)
#define BLOCK	(4 * MB)
#define U64_MAX	(~0ULL)

static const struct {
	u64 bytes, block, want;
} blocks_cases[] = {
	{ 0, BLOCK, 0 },
	{ 1, BLOCK, 1 },
	{ BLOCK - 1, BLOCK, 1 },
	{ BLOCK, BLOCK, 1 },
	{ BLOCK + 1, BLOCK, 2 },
	{ 512 * MB, BLOCK, 128 },
	{ U64_MAX, BLOCK, U64_MAX / BLOCK + 1 },
	{ U64_MAX - BLOCK + 2, BLOCK, U64_MAX / BLOCK + 1 },
	{ U64_MAX - BLOCK + 1, BLOCK, U64_MAX / BLOCK },
	{ U64_MAX, 1, U64_MAX },
};

static const struct {
	u64 blocks;
	unsigned int percent;
	u64 want;
} percent_cases[] = {
	{ 0, 100, 0 },
	{ 1, 1, 1 },
	{ 1, 100, 1 },
	{ 100, 0, 0 },
	{ 100, 1, 1 },
	{ 101, 1, 2 },
	{ 666, 50, 333 },
	{ 667, 50, 334 },
	{ 1ULL << 42, 100, 1ULL << 42 },
	{ (1ULL << 57) - 1, 100, (1ULL << 57) - 1 },
};

static void test_blocks(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(blocks_cases); i++) {
		u64 got = ua_policy_blocks(blocks_cases[i].bytes,
					   blocks_cases[i].block);

		ksft_test_result(got == blocks_cases[i].want,
				 "blocks of %llu bytes: %llu, expected %llu\n",
				 blocks_cases[i].bytes, got, blocks_cases[i].want);
	}
}

static void test_percent(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(percent_cases); i++) {
		u64 got = ua_policy_percent(percent_cases[i].blocks,
					    percent_cases[i].percent);

		ksft_test_result(got == percent_cases[i].want,
				 "%u %% of %llu blocks: %llu, expected %llu\n",
				 percent_cases[i].percent, percent_cases[i].blocks,
				 got, percent_cases[i].want);
	}
}

static void test_pace_limits(void)
{
	u64 next = 7 * NS_PER_SECOND;

	ksft_test_result(!ua_policy_pace(&next, NS_PER_SECOND, BLOCK, 0) && !next,
			 "no limit: starts at once and forgets the old slot\n");
	ksft_test_result(!ua_policy_pace(&next, NS_PER_SECOND, BLOCK, BLOCK) &&
			 next == 2 * NS_PER_SECOND,
			 "the first piece starts at once and takes one interval\n");
	ksft_test_result(ua_policy_pace(&next, NS_PER_SECOND + 1, BLOCK, BLOCK) ==
			 NS_PER_SECOND - 1 && next == 2 * NS_PER_SECOND,
			 "the second waits for the rest of it and takes nothing\n");
	ksft_test_result(!ua_policy_pace(&next, 2 * NS_PER_SECOND, BLOCK, BLOCK) &&
			 next == 3 * NS_PER_SECOND,
			 "and starts when it is over\n");
	ksft_test_result(!ua_policy_pace(&next, 60 * NS_PER_SECOND, BLOCK, BLOCK) &&
			 next == 61 * NS_PER_SECOND,
			 "a pause saves nothing up\n");
	next = 0;
	ksft_test_result(!ua_policy_pace(&next, 1, BLOCK, 1) &&
			 next == 1 + BLOCK * NS_PER_SECOND,
			 "one byte per second does not overflow\n");
}

/*
 * However often two who share a slot ask, what starts within a window never
 * exceeds the rate times the window plus one piece.
 */
static void test_pace_window(void)
{
	const u64 rate = 64 * MB, window = NS_PER_SECOND;
	u64 starts[4096], next = 0, now = 0, worst = 0;
	size_t n = 0;

	srand(1);
	while (now < 60 * NS_PER_SECOND && n < ARRAY_SIZE(starts)) {
		if (!ua_policy_pace(&next, now, BLOCK, rate))
			starts[n++] = now;
		now += (u64)rand() % (rand() % 16 ? 20000000 : 900000000);
	}

	for (size_t i = 0; i < n; i++) {
		size_t j = i;

		while (j < n && starts[j] < starts[i] + window)
			j++;
		if ((j - i) * BLOCK > worst)
			worst = (j - i) * BLOCK;
	}
	ksft_test_result(n > 100 && worst <= rate + BLOCK,
			 "at most %llu MiB in any second at 64 MiB/s (%zu starts)\n",
			 worst / MB, n);
}

int main(void)
{
	ksft_print_header();
	ksft_set_plan(ARRAY_SIZE(blocks_cases) + ARRAY_SIZE(percent_cases) + 7);
	test_blocks();
	test_percent();
	test_pace_limits();
	test_pace_window();
	ksft_finished();
}
