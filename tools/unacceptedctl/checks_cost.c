// SPDX-License-Identifier: GPL-2.0
/*
 * Checks of "doctor": what acceptance costs, now and so far, and whether it works.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

/* A wait that a user notices. */
#define LONG_NS		(SECOND / 10)

/**
 * struct zone_marks - numbers of a zone from /proc/zoneinfo, in pages
 * @node: number of its node
 * @name: name of the zone
 * @free: free pages, which include unaccepted ones
 * @unaccepted: unaccepted pages
 * @low: the low watermark
 * @mark: the kernel accepts more if fewer pages are accepted and free
 */
struct zone_marks {
	int node;
	char name[16];
	unsigned long long free;
	unsigned long long unaccepted;
	unsigned long long low;
	unsigned long long mark;
};

static uint64_t longest(const struct stalls *stalls)
{
	return percentile(stalls->bucket, NR_BUCKETS, 1000);
}

static bool working(const struct doctor *doctor)
{
	return doctor->loaded && strcmp(doctor->snapshot.state, "absent");
}

/* What the kernel itself accepted was mostly for an allocation, which then waited. */
static void check_other(struct doctor *doctor)
{
	const struct snapshot *snapshot = &doctor->snapshot;
	uint64_t bytes = snapshot->accepted[CAUSE_OTHER];

	if (!bytes)
		doctor_say(doctor, FOUND_OK, "stalls", NULL,
			   "since the module was loaded no allocation has waited for acceptance");
	else if (snapshot->calls)
		doctor_say(doctor, FOUND_WARN, "stalls", NULL,
			   "allocations had the kernel accept %s: about %llu blocks, each of which takes about %s (as measured on the module's own)",
			   size_text(bytes), (unsigned long long)(bytes / BLOCK),
			   time_text(snapshot->total_ns / snapshot->calls));
	else
		doctor_say(doctor, FOUND_WARN, "stalls", NULL,
			   "allocations had the kernel accept %s, about %llu blocks; how long each took has not been measured yet",
			   size_text(bytes), (unsigned long long)(bytes / BLOCK));
}

/**
 * check_stalls - how long have allocations waited?
 * @doctor: what is known, and the output
 */
void check_stalls(struct doctor *doctor)
{
	const struct stalls *stalls = &doctor->snapshot.stalls;

	if (!working(doctor))
		return;
	if (!strcmp(doctor->snapshot.owner, "kernel") && !stalls->waits)
		check_other(doctor);
	else if (stalls->error)
		doctor_say(doctor, FOUND_INFO, "stalls",
			   stalls->error == -EACCES ? "-> as root" :
			   "-> mount -t debugfs none /sys/kernel/debug",
			   "how long allocations waited is in debugfs, which is not readable");
	else if (!stalls->waits)
		doctor_say(doctor, FOUND_OK, "stalls", NULL,
			   "since the module was loaded no allocation has waited for acceptance");
	else
		doctor_say(doctor, longest(stalls) > LONG_NS ? FOUND_WARN : FOUND_INFO, "stalls",
			   NULL,
			   "%llu allocations waited: half of them less than %s, the worst less than %s",
			   (unsigned long long)stalls->waits,
			   time_text(percentile(stalls->bucket, NR_BUCKETS, 500)),
			   time_text(longest(stalls)));
}

/**
 * check_share - how many pages were allocated per wait?
 * @doctor: what is known, and the output
 */
void check_share(struct doctor *doctor)
{
	const struct stalls *stalls = &doctor->snapshot.stalls;
	unsigned long long count, sum = 0;
	char *text, *rest, *line;
	int error;

	if (!working(doctor) || !stalls->waits)
		return;
	text = file_load("/proc/vmstat", &error);
	for (rest = text; (line = strsep(&rest, "\n"));)
		if (sscanf(line, "pgalloc_%*s %llu", &count) == 1)
			sum += count;
	free(text);
	if (sum)
		doctor_say(doctor, FOUND_INFO, "share", NULL,
			   "that is one wait per %llu pages allocated since boot",
			   sum / stalls->waits);
}

/* All lines of a zone were read: report it. */
static void zone_done(struct doctor *doctor, const struct zone_marks *zone)
{
	uint64_t page = sysconf(_SC_PAGESIZE), usable;

	if (!zone->unaccepted)
		return;
	usable = zone->free > zone->unaccepted ? zone->free - zone->unaccepted : 0;
	if (usable < zone->mark)
		doctor_say(doctor, FOUND_WARN, "free memory", NULL,
			   "node %d, zone %s: %s is accepted and free, below the watermark of %s: allocations accept before they are served",
			   zone->node, zone->name, size_text(usable * page),
			   size_text(zone->mark * page));
	else
		doctor_say(doctor, FOUND_OK, "free memory", NULL,
			   "node %d, zone %s: %s is accepted and free, above the watermark of %s: allocations need not accept",
			   zone->node, zone->name, size_text(usable * page),
			   size_text(zone->mark * page));
}

/**
 * check_watermarks - would an allocation have to accept now?
 * @doctor: what is known, and the output
 */
void check_watermarks(struct doctor *doctor)
{
	struct zone_marks zone = { };
	unsigned long long value;
	char *text, *rest, *line, name[32];
	int node, error;

	text = file_load("/proc/zoneinfo", &error);
	for (rest = text; (line = strsep(&rest, "\n"));) {
		if (sscanf(line, "Node %d, zone %31s", &node, name) == 2) {
			zone_done(doctor, &zone);
			memset(&zone, 0, sizeof(zone));
			zone.node = node;
			snprintf(zone.name, sizeof(zone.name), "%.15s", name);
		} else if (sscanf(line, " pages free %llu", &value) == 1) {
			zone.free = value;
		} else if (sscanf(line, " nr_unaccepted %llu", &value) == 1) {
			zone.unaccepted = value;
		} else if (sscanf(line, " low %llu", &value) == 1) {
			zone.low = value;
		} else if (sscanf(line, " high %llu", &value) == 1) {
			/* 6.1 does not show the promo watermark, which is as far above this one. */
			zone.mark = value > zone.low ? 2 * value - zone.low : value;
		} else if (sscanf(line, " promo %llu", &value) == 1) {
			zone.mark = value;
		}
	}
	zone_done(doctor, &zone);
	free(text);
}

/**
 * check_acceptor - does the acceptor work ahead of demand?
 * @doctor: what is known, and the output
 */
void check_acceptor(struct doctor *doctor)
{
	static const char advice[] = "-> as root: unacceptedctl acceptor ahead";
	const struct snapshot *snapshot = &doctor->snapshot;
	const struct acceptor_info *info = &snapshot->acceptor;

	if (!working(doctor) || !info->known || !strcmp(snapshot->binding, "observe"))
		return;
	if (!snapshot->unaccepted)
		doctor_say(doctor, FOUND_OK, "acceptor", NULL, "nothing is left for it to do");
	else if (!strcmp(info->mode, "off") &&
		 (snapshot->stalls.waits || snapshot->accepted[CAUSE_OTHER]))
		doctor_say(doctor, FOUND_WARN, "acceptor", advice,
			   "off, while allocations wait for acceptance");
	else if (!strcmp(info->mode, "off"))
		doctor_say(doctor, FOUND_INFO, "acceptor", advice,
			   "off: allocations will have to wait when what is accepted is used up");
	else if (strstr(info->state, "stopped(refused)"))
		doctor_say(doctor, FOUND_FAIL, "acceptor",
			   "-> when the host gives memory again, set the mode once more",
			   "%s: stopped: the platform refused many blocks in a row", info->mode);
	else if (strstr(info->state, "refused"))
		doctor_say(doctor, FOUND_FAIL, "acceptor", NULL,
			   "%s: the platform refused a block; it tries again", info->mode);
	else
		doctor_say(doctor, FOUND_OK, "acceptor", NULL, "%s: %s%s%s", info->mode,
			   info->state, *info->hits ? "; held back by " : "", info->hits);
}

/**
 * check_errors - has something gone wrong since the module was loaded?
 * @doctor: what is known, and the output
 */
void check_errors(struct doctor *doctor)
{
	const struct snapshot *snapshot = &doctor->snapshot;
	const char * const errors[] = { snapshot->error, snapshot->acceptor.error };
	unsigned int i;

	if (!working(doctor))
		return;
	if (snapshot->failures)
		doctor_say(doctor, FOUND_FAIL, "refusals",
			   "-> the host is at fault: send \"unacceptedctl report\" to its operator",
			   "the platform refused %llu times to accept a block",
			   (unsigned long long)snapshot->failures);
	for (i = 0; i < COUNT(errors); i++)
		if (*errors[i] && strcmp(errors[i], "none"))
			doctor_say(doctor, FOUND_INFO, i ? "acceptor's last error" : "last error",
				   NULL, "%s", errors[i]);
}

/**
 * check_audit - do list, counter and bitmap of the kernel agree?
 * @doctor: what is known, and the output
 */
void check_audit(struct doctor *doctor)
{
	char *text, *line;
	int error;

	if (!working(doctor))
		return;
	text = file_load(DBG "audit", &error);
	if (!text) {
		if (error == -EACCES)
			doctor_say(doctor, FOUND_INFO, "audit", "-> as root", "not readable");
		return;
	}
	if (strstr(text, "inconsistent")) {
		line = strstr(text, "differs:");
		doctor_say(doctor, FOUND_FAIL, "audit",
			   "-> a bug: send \"unacceptedctl report\" to the project",
			   "the kernel's counters do not agree: %.*s",
			   line ? (int)strcspn(line, "\n") : 0, line ?: "");
	} else {
		doctor_say(doctor, FOUND_OK, "audit", NULL, "the kernel's counters agree");
	}
	free(text);
}

/**
 * check_verdict - a summary, and what to do next
 * @doctor: what is known, after all other checks
 */
void check_verdict(struct doctor *doctor)
{
	const struct snapshot *snapshot = &doctor->snapshot;
	bool off = !strcmp(snapshot->acceptor.mode, "off");

	if (doctor->found[FOUND_FAIL])
		doctor_say(doctor, FOUND_INFO, "verdict", NULL, "first solve what is marked FAIL");
	else if (!doctor->unaccepted)
		doctor_say(doctor, FOUND_INFO, "verdict", NULL,
			   "nothing is unaccepted: if something is slow now, acceptance is not the cause");
	else if (!snapshot->stalls.waits && !snapshot->accepted[CAUSE_OTHER])
		doctor_say(doctor, FOUND_INFO, "verdict", NULL,
			   "no task has waited for acceptance since the module was loaded%s",
			   off ? "; before that, nothing was counted" : "");
	else if (off)
		doctor_say(doctor, FOUND_INFO, "verdict",
			   "-> as root: unacceptedctl acceptor ahead; or accept everything now: unacceptedctl accept all",
			   "allocations have waited for acceptance, and will again");
	else
		doctor_say(doctor, FOUND_INFO, "verdict",
			   "-> if it goes on: a larger --headroom, more --threads, or no limits; see unacceptedctl acceptor",
			   "allocations have waited for acceptance; the acceptor is at work on it");
}
