// SPDX-License-Identifier: GPL-2.0
/*
 * failload FILE NAME PARAMETERS: load a module again and again, and unload it if that works. In
 * the N-th round the N-th call of this task that can be made to fail does
 * (/proc/self/fail-nth, CONFIG_FAULT_INJECTION); the last round is that in which there is no
 * such call. Prints how many loads failed and how many worked nevertheless, and a line for each
 * that ended otherwise than with ENOMEM.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *file, *name, *parameters;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

/* Returns the errno of the load, or 0; *reached tells if the call was made. */
static int load(int n, int *reached)
{
	int module = open(file, O_RDONLY | O_CLOEXEC);
	int nth = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	char text[16];
	int ret, error;

	if (module < 0 || nth < 0)
		die("failload");
	if (dprintf(nth, "%d", n) < 0)
		die("fail-nth");
	ret = syscall(SYS_finit_module, module, parameters, 0);
	error = ret ? errno : 0;
	/* What is left of N; 0 if the call was made. */
	memset(text, 0, sizeof(text));
	if (pread(nth, text, sizeof(text) - 1, 0) < 0 || pwrite(nth, "0", 1, 0) < 0)
		die("fail-nth");
	*reached = !atoi(text);
	close(nth);
	close(module);
	return error;
}

int main(int argc, char **argv)
{
	int n = 0, reached, error, failed = 0, worked = 0;

	if (argc != 4) {
		fprintf(stderr, "usage: failload FILE NAME PARAMETERS\n");
		return 2;
	}
	file = argv[1];
	name = argv[2];
	parameters = argv[3];
	do {
		error = load(++n, &reached);
		if (!error && syscall(SYS_delete_module, name, O_NONBLOCK))
			die("delete_module");
		if (error && error != ENOMEM)
			printf("round %d: %s\n", n, strerrorname_np(error));
		if (reached && error)
			failed++;
		else if (reached)
			worked++;
		if (n % 50 == 0)
			fprintf(stderr, "# %d rounds\n", n);
	} while (reached);
	printf("failed %d worked %d last %s\n", failed, worked,
	       error ? strerrorname_np(error) : "ok");
	return 0;
}
