// SPDX-License-Identifier: GPL-2.0
/*
 * unacceptedctl watch: status, live.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"

#define INDENT		13
#define NR_RATES	60

/* The module may report changes more often than a screen can show them. */
#define FRAME_NS	(SECOND / 10)

/**
 * struct watch - what is kept from one look to the next
 * @interval: time over which a rate is measured, ns
 * @count: number of looks; 0 for no end
 * @screen: the output is a terminal, of which the whole screen is used
 * @fd: the file "unaccepted_bytes", to poll for changes
 * @began: when the current interval began
 * @unaccepted: bytes unaccepted at that time
 * @rates: bytes accepted per second, the newest last
 * @nr_rates: number of @rates
 */
struct watch {
	uint64_t interval;
	unsigned int count;
	bool screen;
	int fd;
	uint64_t began;
	uint64_t unaccepted;
	uint64_t rates[NR_RATES];
	unsigned int nr_rates;
};

static void new_rate(struct watch *watch, uint64_t unaccepted, uint64_t now)
{
	uint64_t gone = watch->unaccepted > unaccepted ? watch->unaccepted - unaccepted : 0;

	if (watch->nr_rates == NR_RATES) {
		memmove(watch->rates, watch->rates + 1, sizeof(watch->rates) -
			sizeof(watch->rates[0]));
		watch->nr_rates--;
	}
	watch->rates[watch->nr_rates++] = scale(gone, SECOND, now - watch->began);
	watch->began = now;
	watch->unaccepted = unaccepted;
}

/* The mean of the last few rates, because a single one varies much. */
static uint64_t rate(const struct watch *watch)
{
	unsigned int i, count = watch->nr_rates < 5 ? watch->nr_rates : 5;
	uint64_t sum = 0;

	for (i = 0; i < count; i++)
		sum += watch->rates[watch->nr_rates - 1 - i];
	return count ? sum / count : 0;
}

static const char *eta(const struct watch *watch, uint64_t unaccepted)
{
	uint64_t speed = rate(watch);

	if (!unaccepted)
		return "complete";
	return speed ? duration_text(unaccepted / speed + 1) : "never at this rate";
}

/* Prints the page, each line cut to the width of the screen. */
static void show(char *page, unsigned int columns, unsigned int rows)
{
	char *line;

	fputs("\033[H", stdout);
	while (rows-- && (line = strsep(&page, "\n"))) {
		/*
		 * Only the line of the curve is not ASCII. It is short, and must
		 * not be cut.
		 */
		if (strlen(line) > columns && !strpbrk(line, "\xe2"))
			line[columns] = '\0';
		fputs(line, stdout);
		fputs("\033[K", stdout);
		if (rows)
			putchar('\n');
	}
	fputs("\033[J", stdout);
	fflush(stdout);
}

static void draw(const struct watch *watch, const struct snapshot *snapshot)
{
	unsigned int columns = term_columns(STDOUT_FILENO), rows = term_rows(STDOUT_FILENO);
	unsigned int fit = columns - INDENT, count = watch->nr_rates;
	const uint64_t *rates = watch->rates;
	size_t size;
	char *page = NULL;
	FILE *to = open_memstream(&page, &size);

	if (!to)
		return;
	if (count > fit) {
		rates += count - fit;
		count = fit;
	}
	fprintf(to, "%-*s%s/s, left: %s\n", INDENT, "rate", size_text(rate(watch)),
		eta(watch, snapshot->unaccepted));
	fprintf(to, "%-*s%s\n", INDENT, "trend", spark_text(rates, count, term_utf8()));
	status_print(to, snapshot, columns, rows > 3 ? rows - 3 : rows);
	fprintf(to, "\nq: quit");
	if (!fclose(to))
		show(page, columns, rows);
	free(page);
}

static void print_line(const struct watch *watch, const struct snapshot *snapshot)
{
	time_t now = time(NULL);
	char clock[16];

	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&now));
	printf("%s %s unaccepted %s rate %s/s left: %s", clock, snapshot->state,
	       size_text(snapshot->unaccepted), size_text(rate(watch)),
	       eta(watch, snapshot->unaccepted));
	if (!snapshot->stalls.error && snapshot->stalls.measured)
		printf(" stalls %llu", (unsigned long long)snapshot->stalls.waits);
	putchar('\n');
	fflush(stdout);
}

/* Re-arm the notification: it reaches tasks that have read since the last one. */
static void rearm(int fd)
{
	char text[32];

	if (fd >= 0 && pread(fd, text, sizeof(text), 0) < 0)
		return;
}

/* Wait until there is something new to show; returns false to end. */
static bool rest(const struct watch *watch, uint64_t shown)
{
	struct pollfd fds[] = {
		{ .fd = watch->screen ? STDIN_FILENO : -1, .events = POLLIN },
		{ .fd = -1, .events = POLLPRI },
	};
	uint64_t until = watch->began + watch->interval, now, timeout;
	char key = 0;

	while (!signals_seen() && !signals_resized()) {
		now = now_ns();
		if (now >= until)
			return true;
		timeout = until - now;
		/* Until the next frame is due, changes must not wake this process. */
		if (watch->screen && now >= shown + FRAME_NS)
			fds[1].fd = watch->fd;
		else if (watch->screen && timeout > FRAME_NS)
			timeout = FRAME_NS;
		fds[0].revents = 0;
		fds[1].revents = 0;
		signals_poll(fds, COUNT(fds), timeout);
		if (fds[0].revents && (read(STDIN_FILENO, &key, 1) != 1 || key == 'q'))
			return false;
		if (fds[1].revents)
			return true;
	}
	return !signals_seen();
}

static int loop(struct watch *watch)
{
	struct snapshot snapshot;
	unsigned int looks = 0;
	uint64_t now;

	do {
		rearm(watch->fd);
		snapshot_take(&snapshot);
		/* Not before: if the module goes while it is read, the rest is read as 0. */
		if (!file_exists(SYS "state"))
			return CTL_NO_MODULE;
		now = now_ns();
		if (!watch->began) {
			watch->began = now;
			watch->unaccepted = snapshot.unaccepted;
		} else if (now >= watch->began + watch->interval) {
			new_rate(watch, snapshot.unaccepted, now);
		}
		if (watch->screen)
			draw(watch, &snapshot);
		else
			print_line(watch, &snapshot);
		/* Nobody can see more. SIGPIPE may be ignored, as services of systemd do. */
		if (ferror(stdout))
			return CTL_FAILED;
		looks++;
	} while ((!watch->count || looks < watch->count) && rest(watch, now));
	return CTL_OK;
}

static int parse(int argc, char **argv, struct watch *watch)
{
	static const struct option options[] = {
		{ "interval", required_argument, NULL, 'n' },
		{ "count", required_argument, NULL, 'c' },
		{ }
	};
	int option;

	while ((option = getopt_long(argc, argv, "n:c:", options, NULL)) >= 0) {
		switch (option) {
		case 'n':
			if (parse_seconds(optarg, &watch->interval) || watch->interval < FRAME_NS)
				return command_usage(&cmd_watch,
						     "--interval: '%s' is not a time of at least 0.1 seconds",
						     optarg);
			break;
		case 'c':
			if (parse_number(optarg, 1, 1000000000, &watch->count))
				return command_usage(&cmd_watch, "--count: '%s' is not a count",
						     optarg);
			break;
		default:
			return command_usage(&cmd_watch, NULL);
		}
	}
	if (optind < argc)
		return command_usage(&cmd_watch, "unexpected argument '%s'", argv[optind]);
	return CTL_OK;
}

static int watch_run(int argc, char **argv)
{
	struct watch watch = { .interval = SECOND };
	int code = parse(argc, argv, &watch);

	if (code)
		return code;
	if (need_module())
		return CTL_NO_MODULE;

	watch.fd = sys_word("features", "poll") ? file_open(SYS "unaccepted_bytes", O_RDONLY) : -1;
	signals_catch();
	watch.screen = term_enter();
	code = loop(&watch);
	term_leave();
	if (code == CTL_NO_MODULE)
		return need_module();
	/* Ctrl-C is the usual way to end, so it is a success; other signals are not. */
	if (signals_seen() && signals_seen() != SIGINT)
		return 128 + signals_seen();
	return CTL_OK;
}

const struct command cmd_watch = {
	.name = "watch",
	.summary = "the same, live, with rate, trend and time left",
	.run = watch_run,
	.help =
		"usage: unacceptedctl watch [--interval SECONDS] [--count N]\n\n"
		"The screen of \"status\", renewed every second and when something changes, with the\n"
		"rate at which memory is being accepted. Ends with q or Ctrl-C, and that is success.\n"
		"Without a terminal it prints a line each time.\n\n"
		"  -n, --interval SECONDS   how often; 0.1 or more (1)\n"
		"  -c, --count N            end after N times\n\n"
		"examples:\n"
		"  unacceptedctl watch\n"
		"  unacceptedctl watch -n 0.5\n"
		"  unacceptedctl watch -n 10 >>acceptance.log\n",
};
