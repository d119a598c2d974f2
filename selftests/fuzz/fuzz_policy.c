// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzes module/policy.c for its properties: never more than was asked for, limits
 * kept, no overflow for any input, monotone where it should be.
 */
#include "fuzz.h"

#include "../../module/policy.c"

/**
 * struct input - arguments of all functions
 * @view: a zone
 * @more: something to add to a number
 * @block_pages: pages in a block, cut to 1 to 2^20
 * @flags: failed, begun
 * @percent: cut to a share
 * @headroom: of the background
 * @observed: observations of a zone's free pages
 */
struct input {
	struct ua_zone_view view;
	u64 more;
	u32 block_pages;
	u8 flags;
	u8 percent;
	struct ua_headroom headroom;
	struct {
		u64 now_ns;
		s64 free;
	} observed[4];
};

static s64 plus(s64 number, u64 more)
{
	s64 sum;

	return __builtin_add_overflow(number, (s64)(more >> 1), &sum) ? INT64_MAX : sum;
}

static __int128 cut(s64 number)
{
	if (number > PAGES_MAX)
		return PAGES_MAX;
	return number < -PAGES_MAX ? -PAGES_MAX : number;
}

static u64 all_blocks(const struct ua_zone_view *view, u64 block_pages)
{
	return view->unaccepted > 0 ? ua_policy_blocks(view->unaccepted, block_pages) : 0;
}

static void check_want(const struct input *in, u64 block)
{
	bool failed = in->flags & 1, begun = in->flags & 2;
	__int128 deficit = cut(in->view.promo) - cut(in->view.free) - cut(in->view.inflight);
	u64 all = all_blocks(&in->view, block);
	u64 want = ua_policy_want(&in->view, block, failed, begun);
	struct ua_zone_view freer = in->view;

	expect(want <= all);
	if (!in->view.promo)
		expect(want == (failed && all));
	else if (deficit <= 0)
		expect(want == (failed && all));
	else
		expect(!want || want <= (u64)(deficit / block) + 1);
	if (failed && all)
		expect(want);
	/* An allocation that goes on wants no more than one that begins, and no less. */
	if (want)
		expect(ua_policy_want(&in->view, block, failed, true) >= want);
	freer.free = plus(freer.free, in->more);
	expect(ua_policy_want(&freer, block, failed, begun) <= want);
}

static void check_ahead(const struct input *in, u64 block)
{
	u64 headroom = in->headroom.pages;
	__int128 deficit = cut(in->view.promo) - cut(in->view.free) - cut(in->view.inflight) +
		(headroom < PAGES_MAX ? headroom : PAGES_MAX);
	u64 want = ua_policy_ahead(&in->view, block, headroom, true);
	struct ua_zone_view view = in->view;
	s64 kick;

	expect(want <= all_blocks(&view, block));
	expect(!want || (__int128)want * block <= deficit);
	expect(ua_policy_ahead(&view, block, headroom, false) <= want);
	view.free = plus(view.free, in->more);
	expect(ua_policy_ahead(&view, block, headroom, true) <= want);

	/* The thread sleeps only if it has nothing to do, and wakes when it has. */
	kick = ua_policy_kick_below(&in->view, block, headroom);
	view = in->view;
	view.inflight = 0;
	view.free = kick;
	if (view.unaccepted > 0 && view.promo && cut(kick) == kick && cut(kick - 1) == kick - 1) {
		expect(!ua_policy_ahead(&view, block, headroom, false));
		view.free--;
		expect(ua_policy_ahead(&view, block, headroom, false));
	}
}

static void check_numbers(const struct input *in, u64 block)
{
	unsigned int percent = in->percent % 101;
	u64 blocks = ua_policy_blocks(in->more, block);
	u64 part = ua_policy_percent(in->more, percent);

	expect((unsigned __int128)blocks * block >= in->more);
	expect(!blocks || (unsigned __int128)(blocks - 1) * block < in->more);
	expect((unsigned __int128)part * 100 >= (unsigned __int128)in->more * percent);
	expect(!part || (unsigned __int128)(part - 1) * 100 < (unsigned __int128)in->more * percent);
}

static void check_times(const struct input *in)
{
	u64 first = in->headroom.pages, max = in->headroom.limit, last = in->more;
	u64 next = in->observed[0].now_ns, now = in->observed[1].now_ns, was = next;
	u64 bytes = in->more & ((1ULL << 34) - 1), wait, usual = in->observed[2].now_ns;
	unsigned int percent = 1 + in->percent % 100;
	unsigned __int128 low, high;

	wait = ua_policy_backoff(last, first, max);
	expect(last ? wait <= max || wait == 2 * last : wait == first);
	if (last && last <= max)
		expect(wait >= last && wait <= max);

	wait = ua_policy_pace(&next, now, bytes, in->headroom.lead_ns);
	if (!in->headroom.lead_ns)
		expect(!wait && !next);
	else if (now < was)
		expect(wait == was - now && next == was);
	else
		expect(!wait && next >= now);

	expect(ua_policy_above_floor(last, first, max) == ((__int128)last - first >= max));
	expect(ua_policy_share(last, 100) == 0);
	expect(ua_policy_share(last, percent) >= ua_policy_share(last / 2, percent));
	wait = usual;
	ua_policy_slow(&usual, last);
	/* Between the two, but for the rounding. */
	high = wait > last ? wait : last;
	low = wait < last ? wait : last;
	expect(!wait || (usual <= high + 8 && usual + (unsigned __int128)8 >= low));
}

static void check_demand(const struct input *in)
{
	struct ua_headroom headroom = in->headroom;
	struct ua_demand demand = {};
	u64 pages;
	int i;

	for (i = 0; i < 4; i++) {
		ua_policy_observe(&demand, in->observed[i].now_ns, in->observed[i].free);
		expect(demand.fast >> 42 == 0 && demand.slow >> 42 == 0);
		pages = ua_policy_headroom(&headroom, &demand);
		expect(pages <= headroom.limit);
		expect(pages == headroom.limit || pages >= headroom.pages);
	}
	headroom.lead_ns /= 2;
	expect(ua_policy_headroom(&headroom, &demand) <= pages);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input input;
	u64 block;

	if (size < sizeof(input))
		return 0;
	memcpy(&input, data, sizeof(input));
	block = 1 + input.block_pages % (1 << 20);
	check_want(&input, block);
	check_ahead(&input, block);
	check_numbers(&input, block);
	check_times(&input);
	check_demand(&input);
	return 0;
}
