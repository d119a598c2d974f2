// SPDX-License-Identifier: GPL-2.0
/*
 * unacceptedctl wait: for scripts, and for units of systemd. The module wakes this
 * process.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"

/*
 * The module reports a change of less than a percent only when it has ended, so look
 * once a second for an amount.
 */
#define LOOK_BYTES_NS	SECOND
#define LOOK_NEVER_NS	(1000000000 * SECOND)

/**
 * struct goal - what to wait for
 * @json: print the result as JSON
 * @until: the goal as typed
 * @bytes: the goal is an amount, not "complete"
 * @most: the amount
 * @timeout: longest wait, ns; 0 for no limit
 * @fd: the file to read and poll
 */
struct goal {
	bool json;
	const char *until;
	bool bytes;
	uint64_t most;
	uint64_t timeout;
	int fd;
};

/* Reads the file from its start, which also re-arms the notification. */
static int look(const struct goal *goal, bool *reached)
{
	char text[32], *end;
	uint64_t bytes;
	ssize_t got = pread(goal->fd, text, sizeof(text) - 1, 0);

	if (got < 0)
		return -errno;
	text[got] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (!goal->bytes) {
		*reached = !strcmp(text, "complete");
		return 0;
	}
	bytes = strtoull(text, &end, 10);
	*reached = bytes <= goal->most;
	/* What is no number must not pass for 0 bytes. */
	return *end || end == text ? -EBADMSG : 0;
}

/* Wait until the goal is reached or cannot be reached; returns one of enum ctl_exit. */
static int await(const struct goal *goal, uint64_t began)
{
	uint64_t interval = goal->bytes ? LOOK_BYTES_NS : LOOK_NEVER_NS, rest, spent;
	struct pollfd file = { .fd = goal->fd, .events = POLLPRI };
	const char *name = goal->bytes ? "unaccepted_bytes" : "state";
	bool reached = false;
	int error;

	if (sys_word("state", "absent"))
		return fail_errno(-ENODEV, name);
	for (;;) {
		error = look(goal, &reached);
		if (error)
			return fail_errno(error, name);
		if (reached)
			return CTL_OK;
		if (signals_seen())
			return 128 + signals_seen();
		rest = interval;
		if (goal->timeout) {
			spent = now_ns() - began;
			if (spent >= goal->timeout)
				return CTL_TIMEOUT;
			if (goal->timeout - spent < rest)
				rest = goal->timeout - spent;
		}
		signals_poll(&file, 1, rest);
	}
}

static int answer(const struct goal *goal, int code, uint64_t began)
{
	struct json json = { .to = stdout };
	uint64_t unaccepted;
	char state[32];

	if (!goal->json)
		return code == CTL_TIMEOUT ?
		       fail(code, "not reached in time: %s", goal->until) : code;
	file_line(SYS "state", state, sizeof(state));
	sys_number(&unaccepted, "unaccepted_bytes");
	json_open(&json, NULL, '{');
	json_bool(&json, "reached", code == CTL_OK);
	json_string(&json, "until", goal->until);
	json_string(&json, "state", state);
	json_number(&json, "unaccepted_bytes", unaccepted);
	json_number(&json, "waited_ns", now_ns() - began);
	json_close(&json, '}');
	return code;
}

static int parse_until(struct goal *goal, const char *text)
{
	static const char bytes[] = "bytes<=";

	goal->until = text;
	if (!strcmp(text, "complete")) {
		goal->bytes = false;
		return CTL_OK;
	}
	goal->bytes = true;
	if (strncmp(text, bytes, strlen(bytes)) ||
	    parse_size(text + strlen(bytes), &goal->most))
		return command_usage(&cmd_wait, "--until: '%s' is neither complete nor bytes<=SIZE",
				     text);
	return CTL_OK;
}

static int parse(int argc, char **argv, struct goal *goal)
{
	static const struct option options[] = {
		{ "until", required_argument, NULL, 'u' },
		{ "timeout", required_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' },
		{ }
	};
	int option;

	while ((option = getopt_long(argc, argv, "u:t:j", options, NULL)) >= 0) {
		switch (option) {
		case 'u':
			if (parse_until(goal, optarg))
				return CTL_USAGE;
			break;
		case 't':
			if (parse_seconds(optarg, &goal->timeout) || !goal->timeout)
				return command_usage(&cmd_wait,
						     "--timeout: '%s' is not a number of seconds",
						     optarg);
			break;
		case 'j':
			goal->json = true;
			break;
		default:
			return command_usage(&cmd_wait, NULL);
		}
	}
	if (optind < argc)
		return command_usage(&cmd_wait, "unexpected argument '%s'", argv[optind]);
	return CTL_OK;
}

static int wait_run(int argc, char **argv)
{
	struct goal goal = { .until = "complete" };
	uint64_t began = now_ns();
	int code = parse(argc, argv, &goal);

	if (code)
		return code;
	if (need_module())
		return CTL_NO_MODULE;
	if (!sys_word("features", "poll"))
		return fail(CTL_UNSUPPORTED,
			    "this version of the module does not report changes");
	goal.fd = file_open(goal.bytes ? SYS "unaccepted_bytes" : SYS "state", O_RDONLY);
	if (goal.fd < 0)
		return fail_errno(goal.fd, goal.bytes ? "unaccepted_bytes" : "state");
	signals_catch();
	return answer(&goal, await(&goal, began), began);
}

const struct command cmd_wait = {
	.name = "wait",
	.summary = "wait until everything is accepted, or enough of it",
	.run = wait_run,
	.help =
		"usage: unacceptedctl wait [--until complete|'bytes<=SIZE'] [--timeout SECONDS] [--json]\n\n"
		"Sleeps until the goal is reached; starts no acceptance. Any user may wait. Without\n"
		"--timeout it may never end: if nothing accepts, the guest does not become complete.\n\n"
		"  -u, --until WHAT        complete (default): nothing is left unaccepted;\n"
		"                          bytes<=SIZE: at most SIZE is. The module reports changes\n"
		"                          of a percent, so this may be a second late\n"
		"  -t, --timeout SECONDS   give up after this time, with exit status 124\n"
		"  -j, --json              print the result as JSON\n\n"
		"Without a table of unaccepted memory the exit status is 4, at once.\n\n"
		"examples:\n"
		"  unacceptedctl wait --timeout 600 && start-the-database\n"
		"  unacceptedctl wait --until 'bytes<=4G'\n",
};
