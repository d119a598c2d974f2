// SPDX-License-Identifier: GPL-2.0
/*
 * unacceptedctl accept: have memory accepted, and watch it being done.
 *
 * A write to the module's file returns when all is done. So a child writes, while
 * this process shows the progress.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl.h"

#define LOOK_NS		(SECOND / 10)

/**
 * struct job - one write
 * @json: print the result as JSON
 * @background: let the acceptor do it
 * @node: number of the node, as text; empty for all nodes
 * @zone: name of the zone; empty for all zones
 * @range: physical addresses, as typed; NULL for none
 * @amount: how much to accept
 * @word: the amount as typed, or @rest
 * @rest: the bytes that are left to accept after the write was interrupted
 * @file: the file to write, below the module's directory
 * @counter: the file that counts what such writes accepted
 * @asked: bytes to accept; 0 if only the module knows
 * @before: value of @counter at the start
 * @old: accept_progress at the start, which is that of an earlier write
 * @began: time of the start, ns
 * @killed: number of the signal that killed the child; 0 if none did
 */
struct job {
	bool json;
	bool background;
	char node[16];
	char zone[16];
	const char *range;
	struct amount amount;
	const char *word;
	char rest[24];
	char file[96];
	char counter[96];
	uint64_t asked;
	uint64_t before;
	char old[64];
	uint64_t began;
	int killed;
};

static uint64_t done(const struct job *job)
{
	uint64_t value;

	sys_number(&value, "%s", job->counter);
	return value > job->before ? value - job->before : 0;
}

/*
 * The progress, from the module or, if that is still the one of an earlier write,
 * from the counters.
 */
static void progress(const struct job *job, uint64_t *part, uint64_t *all)
{
	unsigned long long x, y;
	char line[64];

	*part = done(job);
	*all = job->asked;
	if (file_line(SYS "accept_progress", line, sizeof(line)) || !strcmp(line, job->old))
		return;
	if (sscanf(line, "%llu %llu", &x, &y) == 2 && y) {
		*part = x;
		*all = y;
	}
}

static uint64_t per_second(uint64_t bytes, uint64_t ns)
{
	return scale(bytes, SECOND, ns);
}

static void show_progress(const struct job *job)
{
	uint64_t part, all, speed;
	const char *left;
	char line[128];

	progress(job, &part, &all);
	if (!all)
		return;
	speed = per_second(part, now_ns() - job->began);
	left = part >= all ? "0 s" : speed ? duration_text((all - part) / speed + 1) : "?";
	snprintf(line, sizeof(line), "%s %3u %%  %s of %s  %s/s  left: %s",
		 bar_text(26, part, all), percent_of(part, all), size_text(part), size_text(all),
		 size_text(speed), left);
	/* Cut, because \r goes back to the begin of the last row only. */
	printf("\r%.*s\033[K", (int)term_columns(STDOUT_FILENO) - 1, line);
	fflush(stdout);
}

/*
 * The child: writes, and exits with the errno as its status; with ERESTART if the write was
 * interrupted by nothing that asks it to end: it was stopped and continued, or frozen.
 */
static void write_and_exit(const struct job *job, pid_t parent)
{
	char path[PATH_MAX];
	int error;

	/* A request must not go on without the process that made it. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* The terminal sends it to this process, too: it would interrupt the write. */
	signal(SIGWINCH, SIG_DFL);
	signals_release();
	if (getppid() != parent || signals_seen())
		_exit(EINTR);
	snprintf(path, sizeof(path), SYS "%s", job->file);
	error = file_write(path, job->range ?: job->word);
	_exit(error == -EINTR && !signals_seen() ? ERESTART : -error);
}

/* Show the progress until the child has ended; returns 0 or -errno. */
static int wait_for(struct job *job, pid_t child, bool tty)
{
	int status;
	pid_t pid;

	for (;;) {
		pid = waitpid(child, &status, WNOHANG);
		if (pid == child)
			break;
		if (pid < 0)
			return -errno;
		/*
		 * Sent again at each look, because the first one may arrive before the
		 * child writes.
		 */
		if (signals_seen()) {
			kill(child, SIGTERM);
			poll(NULL, 0, 10);
			continue;
		}
		signals_poll(NULL, 0, LOOK_NS);
		if (tty)
			show_progress(job);
	}
	if (tty)
		fputs("\r\033[K", stdout);
	if (WIFEXITED(status))
		return -WEXITSTATUS(status);
	job->killed = WTERMSIG(status);
	return -EINTR;
}

static void report_json(const struct job *job, uint64_t bytes, uint64_t ns, int error,
			uint64_t left)
{
	struct json json = { .to = stdout };

	json_open(&json, NULL, '{');
	json_string(&json, "file", job->file);
	json_number(&json, "accepted_bytes", bytes);
	json_number(&json, "ns", ns);
	json_number(&json, "unaccepted_bytes", left);
	json_string(&json, "error", error ? strerror(-error) : "");
	json_close(&json, '}');
}

/* Prints the error that the module recorded, if it is of this write. */
static void print_reason(const struct job *job)
{
	unsigned long long sec, usec;
	char line[256];

	if (file_line(SYS "accept_error", line, sizeof(line)) ||
	    sscanf(line, "%llu.%6llu", &sec, &usec) != 2 ||
	    sec * 1000000 + usec < job->began / 1000)
		return;
	fprintf(stderr, "unacceptedctl: the module says: %s\n", line);
}

static int report(const struct job *job, int error)
{
	uint64_t bytes = done(job), ns = now_ns() - job->began, left;
	unsigned long long exact = bytes;

	sys_number(&left, "unaccepted_bytes");
	if (job->json)
		report_json(job, bytes, ns, error, left);
	else if (!error || bytes || error == -EINTR)
		printf("%saccepted %s (%llu bytes) in %s, %s/s; left unaccepted: %s\n",
		       error == -EINTR ? "interrupted: " : error ? "failed: " : "",
		       size_text(bytes), exact, time_text(ns), size_text(per_second(bytes, ns)),
		       size_text(left));
	if (!error)
		return CTL_OK;
	if (job->killed)
		return fail(128 + job->killed, "the process that wrote was killed: %s",
			    strsignal(job->killed));
	if (error == -EINTR)
		return 128 + (signals_seen() ?: SIGINT);

	fflush(stdout);
	print_reason(job);
	return fail_errno(error, job->file);
}

/* Let a child write, and wait for it; returns 0 or -errno. */
static int write_once(struct job *job)
{
	pid_t parent = getpid(), child;

	fflush(stdout);
	child = fork();
	if (child < 0)
		return -errno;
	if (!child)
		write_and_exit(job, parent);
	return wait_for(job, child, isatty(STDOUT_FILENO) && !job->json);
}

/* Set the amount to what is left; returns false if that is nothing. */
static bool set_rest(struct job *job)
{
	uint64_t bytes = done(job);

	/* A range names what to accept, whatever was accepted. So does "all". */
	if (job->range || !strcmp(job->word, "all"))
		return true;
	if (bytes >= job->asked)
		return false;
	snprintf(job->rest, sizeof(job->rest), "%llu", (unsigned long long)(job->asked - bytes));
	job->word = job->rest;
	return true;
}

static int carry_out(struct job *job)
{
	int error;

	error = sys_number(&job->before, "%s", job->counter);
	if (error)
		return fail_errno(error, job->counter);
	file_line(SYS "accept_progress", job->old, sizeof(job->old));
	job->began = now_ns();
	signals_catch();
	do
		error = write_once(job);
	while (error == -ERESTART && set_rest(job));
	return report(job, error == -ERESTART ? 0 : error);
}

/* Sets the acceptor, which goes on after this process has ended. */
static int leave_to_acceptor(const struct job *job)
{
	uint64_t unaccepted, floor;
	char params[64];
	int error;

	error = sys_number(&unaccepted, "unaccepted_bytes");
	if (error)
		return fail_errno(error, "unaccepted_bytes");
	floor = unaccepted - amount_bytes(&job->amount, unaccepted);
	snprintf(params, sizeof(params), "mode=all floor_bytes=%llu", (unsigned long long)floor);
	error = file_write(SYS "acceptor/params", params);
	if (error)
		return fail_errno(error, "acceptor/params");
	printf("the acceptor goes on until %s (%llu bytes) is left unaccepted\n", size_text(floor),
	       (unsigned long long)floor);
	puts("to follow it: unacceptedctl watch; to stop it: unacceptedctl acceptor off");
	return CTL_OK;
}

/* Choose the file to write; returns CTL_OK, or another exit status if there is none. */
static int choose_file(struct job *job)
{
	char path[128], scope[64] = "";
	uint64_t unaccepted;

	if (*job->node && *job->zone)
		snprintf(scope, sizeof(scope), "node%s/%s/", job->node, job->zone);
	else if (*job->node)
		snprintf(scope, sizeof(scope), "node%s/", job->node);
	if (*scope && !sys_word("features", "scopes"))
		return fail(CTL_UNSUPPORTED,
			    "this version of the module cannot accept by node or zone");
	if (job->range && !sys_word("features", "range"))
		return fail(CTL_UNSUPPORTED, "this version of the module cannot accept a range");

	snprintf(path, sizeof(path), SYS "%s", scope);
	if (*scope && !file_exists(path))
		return command_usage(&cmd_accept, "there is no %s here; see unacceptedctl status",
				     *job->zone ? "such zone on this node" : "such node");
	snprintf(job->file, sizeof(job->file), "%s%s", scope,
		 job->range ? "accept_range" : "accept");
	snprintf(job->counter, sizeof(job->counter), "%saccepted_user_bytes", scope);
	sys_number(&unaccepted, "%sunaccepted_bytes", scope);
	job->asked = job->range ? 0 : amount_bytes(&job->amount, unaccepted);
	return CTL_OK;
}

static int take_option(struct job *job, int option, const char *text)
{
	uint64_t start, end;
	unsigned int node;

	switch (option) {
	case 'N':
		if (parse_number(text, 0, INT_MAX, &node))
			return command_usage(&cmd_accept, "--node: '%s' is not a number", text);
		snprintf(job->node, sizeof(job->node), "%u", node);
		return CTL_OK;
	case 'Z':
		if (!*text || strlen(text) >= sizeof(job->zone) || strpbrk(text, "/."))
			return command_usage(&cmd_accept, "--zone: '%s' is not a zone", text);
		snprintf(job->zone, sizeof(job->zone), "%s", text);
		return CTL_OK;
	case 'R':
		if (parse_range(text, &start, &end))
			return command_usage(&cmd_accept,
					     "--range: '%s' is neither START-END nor START+SIZE",
					     text);
		job->range = text;
		return CTL_OK;
	case 'b':
		job->background = true;
		return CTL_OK;
	case 'j':
		job->json = true;
		return CTL_OK;
	default:
		return command_usage(&cmd_accept, NULL);
	}
}

static int parse(int argc, char **argv, struct job *job)
{
	static const struct option options[] = {
		{ "node", required_argument, NULL, 'N' },
		{ "zone", required_argument, NULL, 'Z' },
		{ "range", required_argument, NULL, 'R' },
		{ "background", no_argument, NULL, 'b' },
		{ "json", no_argument, NULL, 'j' },
		{ }
	};
	int option, code;

	while ((option = getopt_long(argc, argv, "N:Z:R:bj", options, NULL)) >= 0) {
		code = take_option(job, option, optarg);
		if (code)
			return code;
	}
	if (argc - optind > 1)
		return command_usage(&cmd_accept, "unexpected argument '%s'", argv[optind + 1]);
	job->word = optind < argc ? argv[optind] : NULL;
	if (job->range && (job->word || *job->node || *job->zone || job->background))
		return command_usage(&cmd_accept,
				     "--range accepts the whole range: no amount, --node, --zone or --background");
	if (*job->zone && !*job->node)
		return command_usage(&cmd_accept, "--zone needs --node N as well");
	if (job->background && (*job->node || job->json))
		return command_usage(&cmd_accept,
				     "--background cannot be used with --node, --zone or --json");
	if (job->range)
		return CTL_OK;
	if (!job->word)
		return command_usage(&cmd_accept, "the amount is missing: SIZE, PERCENT or all");
	if (parse_amount(job->word, &job->amount))
		return command_usage(&cmd_accept, "'%s' is not an amount such as 512M, 25%% or all",
				     job->word);
	return CTL_OK;
}

static int accept_run(int argc, char **argv)
{
	struct job job = { };
	int code = parse(argc, argv, &job);

	if (code)
		return code;
	if (need_module())
		return CTL_NO_MODULE;
	if (job.background)
		return leave_to_acceptor(&job);
	code = choose_file(&job);
	return code ? code : carry_out(&job);
}

const struct command cmd_accept = {
	.name = "accept",
	.summary = "have memory accepted now",
	.run = accept_run,
	.help =
		"usage: unacceptedctl accept SIZE|PERCENT%|all [--node N [--zone Z]] [--json]\n"
		"       unacceptedctl accept SIZE|PERCENT%|all --background\n"
		"       unacceptedctl accept --range START-END|START+SIZE [--json]\n\n"
		"SIZE is in bytes, with an optional suffix K, M, G, T, P or E. Amounts are rounded up to\n"
		"blocks of 4M. Asking for more than there is accepts what there is. As root.\n\n"
		"In a terminal a bar shows the progress of all such writes that are under way.\n"
		"Ctrl-C ends it after the current block; what was accepted stays accepted.\n"
		"After Ctrl-Z and fg it goes on with the rest.\n\n"
		"  -N, --node N       only on this node; a percentage and \"all\" refer to it\n"
		"  -Z, --zone Z       only in this zone of the node: DMA32, Normal, Movable\n"
		"  -R, --range R      all in a range of physical addresses: hex with 0x or decimal,\n"
		"                     with suffixes; END is not part of it; rounded outwards to blocks\n"
		"  -b, --background   set the acceptor to \"all\" with the rest of the memory as its\n"
		"                     floor, and return; it goes on after a logout, within its limits\n"
		"  -j, --json         the result for programs\n\n"
		"examples:\n"
		"  unacceptedctl accept 2G\n"
		"  unacceptedctl accept 100% --node 1\n"
		"  unacceptedctl accept --range 0x100000000+512M\n"
		"  unacceptedctl accept all --background\n",
};
