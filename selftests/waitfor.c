// SPDX-License-Identifier: GPL-2.0
/*
 * waitfor FILE VALUE TIMEOUT-MS: wait by poll(2) until a file of sysfs says VALUE,
 * or, for !VALUE, anything else. Prints how often it was woken, and when the wait
 * ended, in milliseconds of CLOCK_MONOTONIC; or "timeout" and how often it was woken;
 * or the errno of a read that failed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Returns 1 if the file has the value, 0 if not, -1 if it cannot be read any more. */
static int says(int fd, const char *value)
{
	char buf[256];
	ssize_t len = pread(fd, buf, sizeof(buf) - 1, 0);

	if (len < 0)
		return -1;
	buf[len] = 0;
	buf[strcspn(buf, "\n")] = 0;
	return value[0] == '!' ? !!strcmp(buf, value + 1) : !strcmp(buf, value);
}

int main(int argc, char **argv)
{
	struct pollfd wait = { .events = POLLPRI | POLLERR };
	unsigned int woken = 0;
	long long end;
	int ret;

	if (argc != 4) {
		fprintf(stderr, "usage: waitfor FILE VALUE TIMEOUT-MS\n");
		return 2;
	}
	end = now_ms() + atoll(argv[3]);
	wait.fd = open(argv[1], O_RDONLY);
	if (wait.fd < 0) {
		perror(argv[1]);
		return 2;
	}

	while (!(ret = says(wait.fd, argv[2]))) {
		long long left = end - now_ms();

		if (left <= 0 || poll(&wait, 1, left) <= 0)
			break;
		woken++;
	}
	if (ret < 0)
		puts(strerrorname_np(errno));
	else if (ret)
		printf("%u %lld\n", woken, now_ms());
	else
		printf("timeout %u\n", woken);
	return ret != 1;
}
