// SPDX-License-Identifier: GPL-2.0
/*
 * onewrite [-u UID] FILE [DATA]: make one write(2) of DATA, or of stdin, and print
 * its result: "ok", "short", or the name of the errno. The echo of a shell may
 * write in pieces, and prints the errno as prose. With -u it writes as that user.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char data[1 << 16];

static void nothing(int sig)
{
	(void)sig;
}

static int result(ssize_t done, size_t wanted)
{
	if (done < 0)
		puts(strerrorname_np(errno));
	else
		puts((size_t)done == wanted ? "ok" : "short");
	return done < 0 || (size_t)done != wanted;
}

static void become(const char *uid)
{
	if (setgid(atoi(uid)) || setuid(atoi(uid))) {
		perror("onewrite: cannot become that user");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	/*
	 * No SA_RESTART: an interrupted write must return, so that its errno is
	 * printed.
	 */
	const struct sigaction action = { .sa_handler = nothing };
	size_t len = 0;
	ssize_t got;
	int fd;

	if (argc > 3 && !strcmp(argv[1], "-u")) {
		become(argv[2]);
		argv += 2;
		argc -= 2;
	}
	if (argc != 2 && argc != 3) {
		fprintf(stderr, "usage: onewrite [-u UID] FILE [DATA]\n");
		return 2;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);

	if (argc == 3) {
		len = strnlen(argv[2], sizeof(data));
		memcpy(data, argv[2], len);
	} else {
		while (len < sizeof(data) &&
		       (got = read(0, data + len, sizeof(data) - len)) > 0)
			len += got;
	}

	fd = open(argv[1], O_WRONLY);
	if (fd < 0) {
		printf("open ");
		return result(-1, len);
	}
	return result(write(fd, data, len), len);
}
