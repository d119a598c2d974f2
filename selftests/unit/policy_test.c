// SPDX-License-Identifier: GPL-2.0
/* Tests the arithmetic of module/policy.c, with tables of cases. */
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
	/* Found by the fuzzer, as are those of other tests that say so. */
	{ U64_MAX, 100, U64_MAX },
	{ U64_MAX, 50, 1ULL << 63 },
};

static const struct {
	u64 unaccepted, taken, floor;
	bool may;
} floor_cases[] = {
	{ 10 * BLOCK, BLOCK, 0, true },
	{ 10 * BLOCK, BLOCK, 9 * BLOCK, true },
	{ 10 * BLOCK, BLOCK, 9 * BLOCK + 1, false },
	{ 10 * BLOCK, 2 * BLOCK, 9 * BLOCK, false },
	{ BLOCK, BLOCK, 0, true },
	{ BLOCK, 2 * BLOCK, 0, false },
	{ 0, BLOCK, 0, false },
	/* A sum would overflow. */
	{ 10 * BLOCK, BLOCK, U64_MAX, false },
	{ 10 * BLOCK, BLOCK, U64_MAX - BLOCK + 1, false },
	{ U64_MAX, BLOCK, U64_MAX - BLOCK, true },
};

static void test_floor(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(floor_cases); i++) {
		bool may = ua_policy_above_floor(floor_cases[i].unaccepted, floor_cases[i].taken,
						 floor_cases[i].floor);

		ksft_test_result(may == floor_cases[i].may,
				 "%llu of %llu bytes taken, floor %llu: %d\n", floor_cases[i].taken,
				 floor_cases[i].unaccepted, floor_cases[i].floor, may);
	}
}

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
			 "the second piece waits for the end of the interval\n");
	ksft_test_result(!ua_policy_pace(&next, 2 * NS_PER_SECOND, BLOCK, BLOCK) &&
			 next == 3 * NS_PER_SECOND,
			 "the second piece starts at the end of the interval\n");
	ksft_test_result(!ua_policy_pace(&next, 60 * NS_PER_SECOND, BLOCK, BLOCK) &&
			 next == 61 * NS_PER_SECOND,
			 "unused time is not saved up\n");
	next = 0;
	ksft_test_result(!ua_policy_pace(&next, 1, BLOCK, 1) &&
			 next == 1 + BLOCK * NS_PER_SECOND,
			 "one byte per second does not overflow\n");
}

/*
 * Two threads share a limit. However often they ask, the work that starts within a
 * window is at most the rate times the window plus one piece.
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

#define BLK	1024	/* pages in a block */
#define GOAL	16000
#define MARKS	13000, GOAL

static const struct {
	const char *what;
	struct ua_zone_view view;
	bool failed, begun;
	u64 want;
} want_cases[] = {
	/* free, inflight, unaccepted, high and promo */
	{ "above the goal", { 20000, 0, 9 * BLK, MARKS }, .want = 0 },
	{ "at the goal", { GOAL, 0, 9 * BLK, MARKS }, .want = 0 },
	{ "a page below: not worth it", { 15999, 0, 9 * BLK, MARKS }, .want = 0 },
	{ "nearly a block below", { GOAL - BLK + 1, 0, 9 * BLK, MARKS }, .want = 0 },
	{ "a block below", { GOAL - BLK, 0, 9 * BLK, MARKS }, .want = 1 },
	{ "a block and a page below", { GOAL - BLK - 1, 0, 9 * BLK, MARKS }, .want = 2 },
	{ "a page below, begun", { 15999, 0, 9 * BLK, MARKS }, .begun = true, .want = 1 },
	{ "at the goal, begun", { GOAL, 0, 9 * BLK, MARKS }, .begun = true, .want = 0 },
	{ "a small zone at its high mark", { 150, 0, 9 * BLK, 150, 200 }, .want = 1 },
	{ "a small zone above it", { 151, 0, 9 * BLK, 150, 200 }, .want = 0 },
	{ "20 blocks short", { GOAL - 20 * BLK, 0, 99 * BLK, MARKS }, .want = 20 },
	/* Found by the fuzzer: the sums overflowed. */
	{ "a counter at its least", { INT64_MIN, 0, 9 * BLK, MARKS }, .want = 9 },
	{ "a counter at its most", { INT64_MAX, INT64_MAX, 9 * BLK, MARKS }, .want = 0 },
	{ "20 of 20 blocks in flight", { GOAL - 20 * BLK, 20 * BLK, 99 * BLK, MARKS }, .want = 0 },
	{ "18 of 20 blocks in flight", { GOAL - 20 * BLK, 18 * BLK, 99 * BLK, MARKS }, .want = 2 },
	{ "less unaccepted than short", { GOAL - 20 * BLK, 0, 3 * BLK, MARKS }, .want = 3 },
	{ "nothing unaccepted", { -100, 0, 0, MARKS }, .want = 0 },
	{ "nothing unaccepted, failed", { -100, 0, 0, MARKS }, .failed = true, .want = 0 },
	{ "free below zero", { -BLK, 0, 99 * BLK, 13000, 16 * BLK }, .want = 17 },
	{ "plenty in pieces, failed", { 79000, 0, 9 * BLK, MARKS }, .failed = true, .want = 1 },
	{ "plenty in flight, failed", { 0, 99 * BLK, 99 * BLK, MARKS }, .failed = true, .want = 1 },
	{ "failed and short", { GOAL - 3 * BLK, 0, 99 * BLK, MARKS }, .failed = true, .want = 3 },
	{ "no watermarks yet", { 0, 0, 99 * BLK, 0, 0 }, .want = 0 },
	{ "no watermarks yet, failed", { 0, 0, 99 * BLK, 0, 0 }, .failed = true, .want = 1 },
};

static void test_want(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(want_cases); i++) {
		u64 got = ua_policy_want(&want_cases[i].view, BLK,
					 want_cases[i].failed, want_cases[i].begun);

		ksft_test_result(got == want_cases[i].want, "%s: %llu, expected %llu\n",
				 want_cases[i].what, got, want_cases[i].want);
	}
}

/*
 * Allocations of random sizes use up a zone, and some of them fail. Checks what
 * ua_policy_want() promises: an allocation that failed gets a block while there is one,
 * none gets past the goal by a block or more unless it failed, and all unaccepted memory
 * can be used without a hang.
 */
static void test_want_against_zone(void)
{
	unsigned long overshoots = 0, stranded = 0, rounds = 0, stuck = 0;

	srand(2);
	for (int zone = 0; zone < 2000; zone++) {
		struct ua_zone_view view = {
			.free = rand() % 40000, .unaccepted = (rand() % 200) * BLK,
			.promo = rand() % 20000,
		};

		view.high = view.promo * (rand() % 100) / 100;
		for (int i = 0; i < 400 && view.unaccepted; i++, rounds++) {
			bool failed = rand() % 16 == 0;
			unsigned int done = 0;

			view.free -= rand() % 512;
			while (ua_policy_want(&view, BLK, failed && !done, done)) {
				view.free += BLK;
				view.unaccepted -= BLK;
				if (++done > 4096)
					break;
			}
			stuck += done > 4096;
			stranded += failed && !done;
			overshoots += done > failed && view.free >= view.promo + BLK;
		}
	}
	ksft_test_result(rounds > 100000 && !stranded,
			 "an allocation that failed makes progress (%lu rounds)\n", rounds);
	ksft_test_result(!overshoots, "no allocation goes past the goal by a block\n");
	ksft_test_result(!stuck, "every allocation ends\n");
}

static const struct {
	const char *what;
	struct ua_zone_view view;
	u64 headroom;
	bool begun;
	u64 want;
} ahead_cases[] = {
	{ "the headroom is there", { GOAL + 16 * BLK, 0, 99 * BLK, MARKS }, 16 * BLK, .want = 0 },
	{ "nearly a quarter", { GOAL + 12 * BLK + 1, 0, 99 * BLK, MARKS }, 16 * BLK, .want = 0 },
	{ "a quarter gone", { GOAL + 12 * BLK, 0, 99 * BLK, MARKS }, 16 * BLK, .want = 4 },
	{ "a block gone, begun", { GOAL + 15 * BLK, 0, 99 * BLK, MARKS }, 16 * BLK, true, 1 },
	{ "less than that, begun", { GOAL + 15 * BLK + 1, 0, 99 * BLK, MARKS }, 16 * BLK, true, 0 },
	{ "all gone, half in flight", { GOAL, 8 * BLK, 99 * BLK, MARKS }, 16 * BLK, .want = 8 },
	{ "no headroom wanted, a block below", { GOAL - BLK, 0, 99 * BLK, MARKS }, 0, .want = 1 },
	{ "less unaccepted than gone", { GOAL, 0, 3 * BLK, MARKS }, 16 * BLK, .want = 3 },
	{ "nothing unaccepted", { GOAL, 0, 0, MARKS }, 16 * BLK, .want = 0 },
	{ "no watermarks yet", { 0, 0, 9 * BLK, 0, 0 }, 16 * BLK, .want = 0 },
};

/* A thread that sleeps is woken when, and only when, there is something to do. */
static void test_ahead(void)
{
	unsigned long wrong = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ahead_cases); i++) {
		u64 got = ua_policy_ahead(&ahead_cases[i].view, BLK,
					  ahead_cases[i].headroom, ahead_cases[i].begun);

		ksft_test_result(got == ahead_cases[i].want, "ahead, %s: %llu, expected %llu\n",
				 ahead_cases[i].what, got, ahead_cases[i].want);
	}

	for (s64 free = 0; free < GOAL + 20 * BLK; free++) {
		struct ua_zone_view view = { free, 0, 99 * BLK, MARKS };

		wrong += !ua_policy_ahead(&view, BLK, 16 * BLK, false) !=
			 (free >= ua_policy_kick_below(&view, BLK, 16 * BLK));
	}
	ksft_test_result(!wrong, "a thread is woken exactly when it has something to do\n");
}

static void test_demand(void)
{
	struct ua_headroom headroom = {
		.pages = 1000, .lead_ns = NS_PER_SECOND / 10, .limit = 5000,
	};
	struct ua_demand demand = {};
	u64 now = NS_PER_SECOND;

	ua_policy_observe(&demand, now, 1000000);
	ksft_test_result(ua_policy_headroom(&headroom, &demand) == 1000,
			 "without demand the headroom is the setting\n");
	for (int i = 1; i <= 400; i++)
		ua_policy_observe(&demand, now += NS_PER_SECOND / 100, 1000000 - 100 * i);
	ksft_test_result(demand.fast > 9000 && demand.fast <= 10000,
			 "10000 pages per second are seen as %llu\n", demand.fast);
	ksft_test_result(ua_policy_headroom(&headroom, &demand) > 1850 &&
			 ua_policy_headroom(&headroom, &demand) <= 2000,
			 "the headroom includes the demand of the lead time: %llu\n",
			 ua_policy_headroom(&headroom, &demand));
	headroom.lead_ns = 10 * NS_PER_SECOND;
	ksft_test_result(ua_policy_headroom(&headroom, &demand) == 5000,
			 "the headroom ends at its limit\n");
	ua_policy_observe(&demand, now += 600 * NS_PER_SECOND, 2000000);
	ksft_test_result(demand.fast < 100 && demand.slow < 100,
			 "freed memory is no demand\n");
}

static void test_back_off(void)
{
	u64 usual = 0;

	ksft_test_result(ua_policy_backoff(0, 10, 100) == 10 &&
			 ua_policy_backoff(10, 10, 100) == 20 &&
			 ua_policy_backoff(80, 10, 100) == 100 &&
			 ua_policy_backoff(100, 10, 100) == 100,
			 "the back-off doubles up to its maximum\n");
	ksft_test_result(ua_policy_share(10, 25) == 30 && !ua_policy_share(10, 100),
			 "a share of a quarter pauses three times as long as the work\n");
	ksft_test_result(!ua_policy_slow(&usual, 800) && !ua_policy_slow(&usual, 3200) &&
			 usual == 1100 && ua_policy_slow(&usual, 4404),
			 "more than four times the usual time is slow\n");
}

int main(void)
{
	ksft_print_header();
	ksft_set_plan(ARRAY_SIZE(blocks_cases) + ARRAY_SIZE(percent_cases) + 7 +
		      ARRAY_SIZE(want_cases) + 3 + ARRAY_SIZE(ahead_cases) + 1 + 5 + 3 +
		      ARRAY_SIZE(floor_cases));
	test_blocks();
	test_percent();
	test_floor();
	test_pace_limits();
	test_pace_window();
	test_want();
	test_want_against_zone();
	test_ahead();
	test_demand();
	test_back_off();
	ksft_finished();
}
