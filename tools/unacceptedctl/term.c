// SPDX-License-Identifier: GPL-2.0
/*
 * The terminal, the clock, and signals.
 *
 * Signals are blocked except during the wait in signals_poll(), so that no signal
 * is missed between the check for it and the wait.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"

/*
 * Changed by the signal handler, which only runs while signals_poll() or
 * signals_release() lets signals in.
 */
static sig_atomic_t seen, resized;
static sigset_t before;
static struct termios cooked;
static bool entered;

/**
 * now_ns - CLOCK_MONOTONIC, as the module uses it
 *
 * Return: nanoseconds.
 */
uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

/**
 * term_columns - width of the output
 * @fd: descriptor of the output
 *
 * Return: columns; 80 if it is no terminal or does not tell.
 */
unsigned int term_columns(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) || !size.ws_col)
		return 80;
	return size.ws_col < 40 ? 40 : size.ws_col;
}

/**
 * term_rows - height of the output
 * @fd: descriptor of the output
 *
 * Return: rows; 24 for a terminal that does not tell, 0 if it is none.
 */
unsigned int term_rows(int fd)
{
	struct winsize size;

	if (!isatty(fd))
		return 0;
	if (ioctl(fd, TIOCGWINSZ, &size) || !size.ws_row)
		return 24;
	return size.ws_row;
}

/**
 * term_colours - may the output have colours?
 * @fd: descriptor of the output
 *
 * Return: true for a terminal that can, unless NO_COLOR is set.
 */
bool term_colours(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && term && *term && strcmp(term, "dumb") && !getenv("NO_COLOR");
}

/**
 * term_utf8 - may the output have characters beyond ASCII?
 *
 * Return: true if the locale says so.
 */
bool term_utf8(void)
{
	static const char * const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *value;
	unsigned int i;

	for (i = 0; i < COUNT(names); i++) {
		value = getenv(names[i]);
		if (value && *value)
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

/**
 * term_enter - use the whole screen, and read keys as they are typed
 *
 * Return: false if stdin or stdout is no terminal.
 */
bool term_enter(void)
{
	struct termios raw;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
	    tcgetattr(STDIN_FILENO, &cooked))
		return false;
	raw = cooked;
	raw.c_lflag &= ~(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	/* Switches to the alternate screen and hides the cursor. */
	fputs("\033[?1049h\033[?25l", stdout);
	fflush(stdout);
	entered = true;
	return true;
}

/**
 * term_leave - restore the screen
 */
void term_leave(void)
{
	if (!entered)
		return;
	entered = false;
	tcsetattr(STDIN_FILENO, TCSANOW, &cooked);
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
}

static void catch(int sig)
{
	if (sig == SIGWINCH)
		resized = 1;
	else if (sig != SIGCHLD)
		seen = sig;
}

/**
 * signals_catch - only record signals from now on
 *
 * A SIGHUP that is ignored stays ignored: nohup(1) asks for that.
 */
void signals_catch(void)
{
	static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGCHLD };
	/* No SA_RESTART: a wait must end. */
	struct sigaction action = { .sa_handler = catch }, hangup = { };
	sigset_t set;
	unsigned int i;

	sigemptyset(&set);
	for (i = 0; i < COUNT(caught); i++)
		sigaddset(&set, caught[i]);
	sigprocmask(SIG_BLOCK, &set, &before);
	sigaction(SIGHUP, NULL, &hangup);
	for (i = 0; i < COUNT(caught); i++)
		if (caught[i] != SIGHUP || hangup.sa_handler != SIG_IGN)
			sigaction(caught[i], &action, NULL);
}

/**
 * signals_release - unblock the signals, so that they interrupt the write of a child
 */
void signals_release(void)
{
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/**
 * signals_seen - has a signal arrived that asks the program to end?
 *
 * Return: its number, or 0.
 */
int signals_seen(void)
{
	return seen;
}

/**
 * signals_resized - has the size of the terminal changed?
 *
 * Return: true once after each change.
 */
bool signals_resized(void)
{
	bool answer = resized;

	resized = 0;
	return answer;
}

/**
 * signals_poll - wait for files, a time, or a signal
 * @fds: as for poll()
 * @count: as for poll()
 * @timeout_ns: longest wait, in ns
 *
 * Return: as for poll().
 */
int signals_poll(struct pollfd *fds, unsigned int count, uint64_t timeout_ns)
{
	const struct timespec ts = {
		.tv_sec = timeout_ns / SECOND,
		.tv_nsec = timeout_ns % SECOND,
	};

	if (seen)
		return -1;
	return ppoll(fds, count, &ts, &before);
}
